package io.keyval.replication;

import java.util.ArrayDeque;

/**
 * Arrays that were used and can be used again, a few megabytes of them: what streams in a full sync
 * would otherwise make the heap grow, and memory that is new costs more than what is copied into
 * it. Thread-safe.
 */
final class SpareArrays {

    private static final int MOST = 8;
    private static final int LARGEST = 2 << 20;

    private final ArrayDeque<byte[]> arrays = new ArrayDeque<>(MOST);
    private boolean closed;

    /** An array that is not used, of whatever length; an empty one when there is none. */
    synchronized byte[] take() {
        byte[] array = arrays.poll();
        return array == null ? new byte[0] : array;
    }

    /** The array is not used any more. */
    synchronized void give(byte[] array) {
        if (!closed && arrays.size() < MOST && array.length <= LARGEST) {
            arrays.push(array);
        }
    }

    /** Keeps none from now on. */
    synchronized void clear() {
        closed = true;
        arrays.clear();
    }
}
