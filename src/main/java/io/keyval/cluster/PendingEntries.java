package io.keyval.cluster;

import io.keyval.store.Replica;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The entries of this node that are under way through its own log: from before the log is given
 * them until they are applied, or something else stands in their place.
 *
 * <p>Thread-safe: the batcher's thread adds, the thread that applies takes out, and threads of
 * Ratis say what the log did not take. Each entry is taken out once, by whoever is first.
 */
final class PendingEntries {

    private final LongSupplier applied;
    private final Consumer<Entry> lost;
    private final Consumer<Entry> unknown;
    private final Map<Long, Submitted> submitted = new ConcurrentHashMap<>();
    private final AtomicLong memory = new AtomicLong();

    /** How many of them may have lost their place; not 0 while one has and is still here. */
    private final AtomicInteger doubtful = new AtomicInteger();

    /**
     * No entries yet.
     *
     * @param applied the index of the latest entry that was applied
     * @param lost is told of an entry that will not be executed; must return soon
     * @param unknown is told of an entry of which it is not known any more; must return soon
     */
    PendingEntries(LongSupplier applied, Consumer<Entry> lost, Consumer<Entry> unknown) {
        this.applied = applied;
        this.lost = lost;
        this.unknown = unknown;
    }

    /** Gives an entry its place among them, and decides which of its puts there is memory for. */
    Submitted add(Entry entry, Replica replica) {
        Submitted added = Submitted.of(entry, replica, memory.get());
        memory.addAndGet(added.memory());
        submitted.put(entry.id(), added);
        return added;
    }

    /** The entry with this id, or null when it is not one of them. */
    @Nullable Submitted find(long id) {
        return submitted.get(id);
    }

    /** Takes out the entry with this id, or answers null when it is not one of them. */
    @Nullable Submitted remove(long id) {
        Submitted removed = submitted.remove(id);
        if (removed != null) {
            memory.addAndGet(-removed.memory());
        }
        return removed;
    }

    /** The fate of one of them is open: it is applied, or something else is in its place. */
    void doubt() {
        // Counted first: what is applied after the index was read is looked at by whoever applies.
        doubtful.incrementAndGet();
        loseUpTo(applied.getAsLong());
    }

    /** Entries that were to stand at these indexes, and were not applied there, never will be. */
    void loseUpTo(long index) {
        int seen = doubtful.get();
        if (seen == 0) {
            return;
        }
        for (Submitted open : submitted.values()) {
            if (open.index() <= index && remove(open.entry().id()) != null) {
                lost.accept(open.entry());
            } else if (!open.entry().isPending()) {
                remove(open.entry().id());
            }
        }
        if (submitted.isEmpty()) {
            doubtful.compareAndSet(seen, 0);
        }
    }

    /** Entries at these indexes are in a snapshot, or not. */
    void forgetUpTo(long index) {
        for (Submitted open : submitted.values()) {
            if (open.index() <= index && remove(open.entry().id()) != null) {
                unknown.accept(open.entry());
            }
        }
    }
}
