package io.keyval.wal;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Where in the file some positions are: one entry about every 256 KB, so that a cursor finds its
 * place without reading the file from the start. Thread-safe.
 */
final class PositionIndex {

    private static final int SPACING = 256 << 10;

    private long[] positions = new long[64];
    private long[] offsets = new long[64];
    private int size;

    /** A frame whose first position is {@code position} stands at {@code offset}. */
    synchronized void add(long position, long offset) {
        if (size > 0 && offset - offsets[size - 1] < SPACING) {
            return;
        }
        if (size == positions.length) {
            positions = Arrays.copyOf(positions, size * 2);
            offsets = Arrays.copyOf(offsets, size * 2);
        }
        positions[size] = position;
        offsets[size++] = offset;
    }

    /**
     * The offset of a frame at or before the first one that begins at {@code position} or later.
     * The first entry is where the first position above the base stands, or will stand.
     */
    synchronized long floor(long position) {
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (positions[middle] < position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return offsets[Math.max(0, low - 1)];
    }

    /** The first entry at or behind {@code offset} as (position, offset), or null. */
    synchronized long @Nullable [] ceiling(long offset) {
        for (int i = 0; i < size; i++) {
            if (offsets[i] >= offset) {
                return new long[] {positions[i], offsets[i]};
            }
        }
        return null;
    }

    /**
     * The entries at or behind {@code from}, where {@code position} stands, moved by {@code delta}
     * bytes.
     */
    synchronized PositionIndex shifted(long position, long from, long delta) {
        PositionIndex shifted = new PositionIndex();
        shifted.add(position, from + delta);
        for (int i = 0; i < size; i++) {
            if (offsets[i] >= from) {
                shifted.add(positions[i], offsets[i] + delta);
            }
        }
        return shifted;
    }
}
