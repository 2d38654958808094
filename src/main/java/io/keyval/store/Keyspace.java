package io.keyval.store;

import io.keyval.command.Command;
import io.keyval.wal.LiveRecords;
import io.keyval.wal.Puts;
import io.keyval.wal.RecordSink;
import io.keyval.wal.Records;
import java.lang.ref.Cleaner;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The data in memory: what the log says, replayed.
 *
 * <pre>
 *   hash of the key: first bits                 last bits
 *        |                                          |
 *   Directory ---------> Shard: 8192 words, off-heap, searched from there
 *   (doubles)            (split when full)          |
 *                                               reference
 *                             +---------------------+---------------------+
 *                       Entries in Slabs: key and value            LargeEntries:
 *                       together, off-heap, up to 4 KB             above, on the heap
 * </pre>
 *
 * <p>An entry costs, beside its key and value, 4 bytes, what its size class rounds up (at most an
 * eighth), and 10 to 20 bytes of a shard. Nothing of it is on the heap, so that the collector has
 * nothing to copy. Memory of what was removed or replaced is used again, see {@link Slabs}; the
 * shards stay as many as they were.
 *
 * <p>One thread changes it, the log's writer or whoever replays the log; any thread reads it,
 * without a lock, and never sees half of a change: it looks whether the {@link Shard} changed while
 * it read, and reads again if so.
 */
final class Keyspace implements RecordSink, LiveRecords, AutoCloseable {

    private static final Cleaner CLEANER = Cleaner.create();

    private final KeyHash hash;
    private final Slabs slabs = new Slabs();
    private final Entries entries = new Entries(slabs);
    private final Directory directory;
    private final Cleaner.Cleanable memory;
    private final Readers readers = new Readers();
    private final AtomicLong size = new AtomicLong();
    private final AtomicLong encodedSize = new AtomicLong();

    // The writer's, of the puts at hand.
    private final long[] hashes = new long[Puts.MOST];
    private final long[] firsts = new long[Puts.MOST];

    /** What {@link #fetch} read, kept so that it is read at all. */
    @SuppressWarnings("unused")
    private int fetched;

    Keyspace() {
        this(SipHash.random());
    }

    Keyspace(KeyHash hash) {
        this.hash = hash;
        // An entry at the first addresses could have a word that means free, or deleted.
        slabs.takePage();
        this.directory = new Directory(slabs, entries, hash);
        this.memory = CLEANER.register(this, release(readers, slabs));
    }

    /** Refers to no keyspace: one that nobody refers to may still be read, by its last reader. */
    private static Runnable release(Readers readers, Slabs slabs) {
        return () -> {
            readers.shutOut();
            slabs.close();
        };
    }

    /** The value of a key, not to be changed, or null. */
    byte @Nullable [] get(byte[] key) {
        long hashed = hash.of(key, 0, key.length);
        readers.enter();
        try {
            while (true) {
                Shard shard = directory.of(hashed);
                long version = shard.version();
                int index = shard.find(entries, hashed, key, 0, key.length);
                byte[] value = index < 0 ? null : entries.value(Shard.reference(shard.at(index)));
                if (shard.unchanged(version)) {
                    return value;
                }
                Thread.onSpinWait();
            }
        } finally {
            readers.leave();
        }
    }

    /**
     * Brings near what the next calls with these keys need: the processor fetches it from memory
     * for all of them side by side, where those calls would wait for it one by one. Any thread.
     */
    void fetch(List<Command> batch) {
        long[] words = new long[batch.size()];
        readers.enter();
        try {
            int keys = 0;
            for (Command command : batch) {
                byte[] key = keyOf(command);
                if (key != null) {
                    words[keys++] = hash.of(key, 0, key.length);
                }
            }
            for (int i = 0; i < keys; i++) {
                words[i] = directory.of(words[i]).first(words[i]);
            }
            int seen = 0;
            for (int i = 0; i < keys; i++) {
                seen += Shard.isEntry(words[i]) ? entries.peek(Shard.reference(words[i])) : 0;
            }
            fetched = seen;
        } finally {
            readers.leave();
        }
    }

    private static byte @Nullable [] keyOf(Command command) {
        return switch (command) {
            case Command.Get get -> get.key();
            case Command.Write write -> write.key();
            case Command.Ping _, Command.Close _, Command.Invalid _ -> null;
        };
    }

    /**
     * {@inheritDoc}
     *
     * @throws MemoryExhaustedException when there is no memory for it; nothing has changed
     */
    @Override
    public void put(byte[] key, byte[] value) {
        put(key, 0, key.length, value, 0, value.length);
    }

    @Override
    public void put(byte[] bytes, int key, int keyLength, int value, int valueLength) {
        put(bytes, key, keyLength, bytes, value, valueLength);
    }

    /** Puts them with what they need brought near for all of them side by side. */
    @Override
    public void put(Puts puts) {
        int count = puts.count();
        byte[] bytes = puts.bytes();
        for (int i = 0; i < count; i++) {
            hashes[i] = hash.of(bytes, puts.key(i), puts.keyLength(i));
        }
        for (int i = 0; i < count; i++) {
            firsts[i] = directory.of(hashes[i]).first(hashes[i]);
        }
        int seen = 0;
        for (int i = 0; i < count; i++) {
            seen += Shard.isEntry(firsts[i]) ? entries.peek(Shard.reference(firsts[i])) : 0;
        }
        fetched = seen;
        for (int i = 0; i < count; i++) {
            put(
                    hashes[i],
                    bytes,
                    puts.key(i),
                    puts.keyLength(i),
                    bytes,
                    puts.value(i),
                    puts.valueLength(i));
        }
    }

    private void put(
            byte[] keyBytes,
            int key,
            int keyLength,
            byte[] valueBytes,
            int value,
            int valueLength) {
        put(
                hash.of(keyBytes, key, keyLength),
                keyBytes,
                key,
                keyLength,
                valueBytes,
                value,
                valueLength);
    }

    private void put(
            long hashed,
            byte[] keyBytes,
            int key,
            int keyLength,
            byte[] valueBytes,
            int value,
            int valueLength) {
        Shard shard = directory.withRoom(hashed);
        long added = entries.add(keyBytes, key, keyLength, valueBytes, value, valueLength);
        long grown = Records.putSize(keyLength, valueLength);
        int index = shard.find(entries, hashed, keyBytes, key, keyLength);
        if (index < 0) {
            shard.insert(Shard.word(hashed, added));
            grow(size, 1);
        } else {
            long before = Shard.reference(shard.at(index));
            grown -= entries.encodedSize(before);
            shard.replace(index, Shard.word(hashed, added));
            entries.remove(before);
        }
        grow(encodedSize, grown);
    }

    @Override
    public void delete(byte[] key) {
        remove(key);
    }

    /** Removes a key; false when it was absent. */
    boolean remove(byte[] key) {
        long hashed = hash.of(key, 0, key.length);
        Shard shard = directory.of(hashed);
        int index = shard.find(entries, hashed, key, 0, key.length);
        if (index < 0) {
            return false;
        }
        long before = Shard.reference(shard.at(index));
        long shrunk = entries.encodedSize(before);
        shard.remove(index);
        entries.remove(before);
        grow(size, -1);
        grow(encodedSize, -shrunk);
        return true;
    }

    /** Only one thread changes it, so nothing is lost between. */
    private static void grow(AtomicLong number, long by) {
        number.lazySet(number.getPlain() + by);
    }

    long size() {
        return size.get();
    }

    @Override
    public long encodedSize() {
        return encodedSize.get();
    }

    /**
     * Bytes that the data takes: the off-heap memory, in use or free for later use, and the large
     * entries on the heap.
     */
    long memory() {
        return slabs.bytes() + entries.largeBytes();
    }

    /** Of {@link #memory}, what is on the heap. */
    long heapMemory() {
        return entries.largeBytes();
    }

    /**
     * Whether a new entry could be put without {@link #memory} growing beyond {@code most}, and
     * {@link #heapMemory} beyond {@code mostHeap}, when others that take {@code pending} bytes were
     * put before it. Any thread; true a moment ago.
     */
    boolean hasRoom(int keyLength, int valueLength, long pending, long most, long mostHeap) {
        return entries.hasRoom(keyLength, valueLength, pending, most, mostHeap);
    }

    /** Bytes that an entry takes. */
    static long footprint(byte[] key, byte[] value) {
        return Entries.footprint(key.length, value.length);
    }

    /** Whether the key is there with a value that takes at least as much memory. Any thread. */
    boolean isNoLarger(byte[] key, byte[] value) {
        byte[] before = get(key);
        return before != null
                && Entries.footprint(key.length, value.length)
                        <= Entries.footprint(key.length, before.length);
    }

    @Override
    public void forEach(BiConsumer<byte[], byte[]> entry) {
        long[] words = new long[Shard.WORDS];
        long from = 0;
        do {
            readers.enter();
            try {
                Shard shard = copyOf(from, words);
                for (long word : words) {
                    if (Shard.isEntry(word)) {
                        show(shard, word, entry);
                    }
                }
                from = shard.prefix + (1L << Long.SIZE - shard.depth);
            } finally {
                readers.leave();
            }
        } while (from != 0);
    }

    /** Copies the words of the shard of a hash. */
    private Shard copyOf(long hash, long[] words) {
        while (true) {
            Shard shard = directory.of(hash);
            for (int i = 0; i < words.length; i++) {
                words[i] = shard.at(i);
            }
            if (!shard.isDead()) {
                return shard;
            }
        }
    }

    /**
     * Hands out the entry of a word, if the shard, or one that took over from it, still has it.
     * Words keep their places while a shard lives, and a changed entry has another word.
     */
    private boolean show(Shard shard, long word, BiConsumer<byte[], byte[]> entry) {
        while (!shard.isDead()) {
            long version = shard.version();
            boolean there = shard.find(word) >= 0;
            byte[] key = there ? entries.key(Shard.reference(word)) : null;
            byte[] value = there ? entries.value(Shard.reference(word)) : null;
            if (shard.unchanged(version)) {
                if (key == null || value == null) {
                    return false;
                }
                entry.accept(key, value);
                return true;
            }
            Thread.onSpinWait();
        }
        return show(shard.low(), word, entry)
                || shard.high() != shard.low() && show(shard.high(), word, entry);
    }

    /**
     * A number over all entries that does not depend on their order: nodes that hold the same data
     * have the same digest. Reads everything; changes made meanwhile may or may not count.
     */
    long digest() {
        long[] sum = new long[1];
        forEach((key, value) -> sum[0] += mix(key, value));
        return sum[0];
    }

    private static long mix(byte[] key, byte[] value) {
        CRC32C crc = new CRC32C();
        crc.update(value);
        crc.update(key);
        long z = (((long) Arrays.hashCode(key) << 32) | crc.getValue()) + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /**
     * Gives the off-heap memory back, once whoever reads has done so; where it is not called, that
     * happens when nobody refers to this any more. Readers that come later get an {@link
     * IllegalStateException}. Not called while the writer is at work.
     */
    @Override
    public void close() {
        memory.clean();
    }
}
