package io.keyval.wal;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A group of a test; applies its entries to a sink when they are committed, as a store does. */
class Group implements RecordGroup {

    /** The position of the first record, or why it was refused. */
    final CompletableFuture<Long> outcome = new CompletableFuture<>();

    final List<Entry> entries;
    private final Contents contents;

    Group(Contents contents, List<Entry> entries) {
        this.contents = contents;
        this.entries = List.copyOf(entries);
    }

    /** Appends and waits: the position of the first record. */
    static long append(Wal wal, Contents contents, Entry... entries) {
        Group group = new Group(contents, List.of(entries));
        wal.append(group);
        return group.position();
    }

    /** Waits for the position of the first record; throws what the group was refused with. */
    long position() {
        return Wal.await(outcome.orTimeout(20, TimeUnit.SECONDS));
    }

    @Override
    public int count() {
        return entries.size();
    }

    @Override
    public int encodedSize() {
        return entries.stream().mapToInt(Entry::encodedSize).sum();
    }

    @Override
    public void encode(ByteBuffer target) {
        entries.forEach(entry -> entry.encode(target));
    }

    @Override
    public void committed(long position) {
        entries.forEach(contents::add);
        if (!outcome.complete(position)) {
            throw new IllegalStateException("told twice");
        }
    }

    @Override
    public void refused(WalException cause) {
        if (!outcome.completeExceptionally(cause)) {
            throw new IllegalStateException("told twice");
        }
    }
}
