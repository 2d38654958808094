package io.keyval.store;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Which shard has which hashes: an array with a place for each beginning of a hash, of so many bits
 * as the deepest shard needs. A full shard is split in two, alone and at once, so that no write
 * waits for more than one page to be gone through (extendible hashing).
 *
 * <p>The writer splits; any thread looks up. What a reader finds may be dead by then; it looks
 * again.
 */
final class Directory {

    /** So many at least, so that readers seldom meet the writer. */
    private static final int LEAST_DEPTH = 4;

    /** Beyond it no hash that is worth its name leads. */
    private static final int MOST_DEPTH = 26;

    private record Table(int depth, AtomicReferenceArray<Shard> places) {

        int place(long hash) {
            return (int) (hash >>> Long.SIZE - depth);
        }

        Table doubled() {
            AtomicReferenceArray<Shard> more = new AtomicReferenceArray<>(2 * places.length());
            for (int i = 0; i < more.length(); i++) {
                more.setPlain(i, places.getPlain(i >>> 1));
            }
            return new Table(depth + 1, more);
        }

        void put(Shard shard) {
            int first = place(shard.prefix);
            int count = 1 << depth - shard.depth;
            for (int i = first; i < first + count; i++) {
                places.setRelease(i, shard);
            }
        }
    }

    private final Slabs slabs;
    private final Entries entries;
    private final KeyHash hash;
    private volatile Table table;

    Directory(Slabs slabs, Entries entries, KeyHash hash) {
        this.slabs = slabs;
        this.entries = entries;
        this.hash = hash;
        this.table = new Table(LEAST_DEPTH, new AtomicReferenceArray<>(1 << LEAST_DEPTH));
        for (long i = 0; i < 1 << LEAST_DEPTH; i++) {
            table.put(newShard(LEAST_DEPTH, i << Long.SIZE - LEAST_DEPTH));
        }
    }

    /** The shard of a hash. Any thread. */
    Shard of(long hash) {
        Table now = table;
        return now.places.getAcquire(now.place(hash));
    }

    /**
     * The shard of a hash, with room for one more word. The writer.
     *
     * @throws MemoryExhaustedException when there is no memory to make room with
     */
    Shard withRoom(long hash) {
        Shard shard = of(hash);
        while (shard.isFull()) {
            makeRoom(shard);
            shard = of(hash);
        }
        return shard;
    }

    /** Splits a shard, or writes it anew when much of what fills it was deleted. */
    private void makeRoom(Shard full) {
        boolean split = full.live() > Shard.MOST / 4 * 3;
        int depth = full.depth + (split ? 1 : 0);
        if (depth > MOST_DEPTH) {
            throw new MemoryExhaustedException("too many keys share the beginning of their hash");
        }
        Shard low = newShard(depth, full.prefix);
        Shard high = split ? newHigh(low, full.prefix | 1L << Long.SIZE - depth) : low;
        for (int i = 0; i < Shard.WORDS; i++) {
            long word = full.at(i);
            if (Shard.isEntry(word)) {
                boolean up = split && (hashOf(word, depth) & high.prefix & ~low.prefix) != 0;
                (up ? high : low).insert(word);
            }
        }
        Table now = table;
        if (depth > now.depth) {
            now = now.doubled();
        }
        now.put(low);
        now.put(high);
        table = now;
        full.die(low, high);
        slabs.freePage(full.address);
    }

    /** At least the first bits of the hash of a word's key. */
    private long hashOf(long word, int bits) {
        if (bits <= Shard.HASH_BITS) {
            return word;
        }
        byte @Nullable [] key = entries.key(Shard.reference(word));
        assert key != null;
        return hash.of(key, 0, key.length);
    }

    private Shard newShard(int depth, long prefix) {
        long page = slabs.takePage();
        MemorySegment chunk = slabs.chunkOf(page);
        assert chunk != null;
        return new Shard(depth, prefix, page, chunk);
    }

    private Shard newHigh(Shard low, long prefix) {
        try {
            return newShard(low.depth, prefix);
        } catch (MemoryExhaustedException e) {
            slabs.freePage(low.address);
            throw e;
        }
    }
}
