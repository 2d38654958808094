package io.keyval.store;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Entries too large for a slab: ordinary objects, found by a number. The writer adds and removes.
 */
final class LargeEntries {

    /** An entry. Neither array is ever changed. */
    record Large(byte[] key, byte[] value) {

        /** The object, two array headers, a place in a block. */
        private static final int OVERHEAD = 64;

        private long bytes() {
            return bytes(key.length, value.length);
        }

        /** The heap that an entry of this size takes. */
        static long bytes(int keyLength, int valueLength) {
            return OVERHEAD + keyLength + (long) valueLength;
        }
    }

    private static final int BLOCK_BITS = 10;
    private static final int BLOCK = 1 << BLOCK_BITS;

    private volatile @Nullable Large[][] blocks = new @Nullable Large[0][];
    private int[] free = new int[16];
    private int freeCount;
    private int fresh;
    private final AtomicLong bytes = new AtomicLong();

    /** Keeps an entry and returns its number. The writer. */
    int add(Large entry) {
        int number = freeCount > 0 ? free[--freeCount] : fresh++;
        if (number >>> BLOCK_BITS == blocks.length) {
            @Nullable Large[][] more = Arrays.copyOf(blocks, blocks.length + 1);
            more[blocks.length] = new @Nullable Large[BLOCK];
            blocks = more;
        }
        blocks[number >>> BLOCK_BITS][number & BLOCK - 1] = entry;
        bytes.lazySet(bytes.getPlain() + entry.bytes());
        return number;
    }

    /** Forgets an entry; its number may be given to another. The writer. */
    void remove(int number) {
        Large entry = get(number);
        assert entry != null;
        blocks[number >>> BLOCK_BITS][number & BLOCK - 1] = null;
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, 2 * freeCount);
        }
        free[freeCount++] = number;
        bytes.lazySet(bytes.getPlain() - entry.bytes());
    }

    /** The entry of a number, or null when there is none. Any thread, with any number. */
    @Nullable Large get(long number) {
        @Nullable Large[][] known = blocks;
        long block = number >>> BLOCK_BITS;
        return block < known.length ? known[(int) block][(int) number & BLOCK - 1] : null;
    }

    /** Bytes of the heap that they take. Any thread. */
    long bytes() {
        return bytes.get();
    }
}
