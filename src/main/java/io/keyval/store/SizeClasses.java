package io.keyval.store;

/**
 * The sizes that memory is handed out in: multiples of 8 bytes up to 128, from there 8 steps from
 * each power of two to the next, so that at most an eighth is wasted.
 */
final class SizeClasses {

    /** The largest size, in bytes. */
    static final int LARGEST = 4096;

    private static final int FINE = 128;
    private static final int[] SIZES = sizes();

    /** For each size in units of 8 bytes, rounded up, its class. */
    private static final byte[] CLASSES = classes();

    private SizeClasses() {}

    static int count() {
        return SIZES.length;
    }

    /** The smallest class that holds {@code bytes}, 1 to {@link #LARGEST}. */
    static int of(int bytes) {
        return CLASSES[(bytes + 7) >>> 3];
    }

    /** The bytes that a class takes. */
    static int size(int sizeClass) {
        return SIZES[sizeClass];
    }

    private static int[] sizes() {
        int[] sizes = new int[64];
        int count = 0;
        for (int size = 8; size <= LARGEST; size += step(size)) {
            sizes[count++] = size;
        }
        return java.util.Arrays.copyOf(sizes, count);
    }

    private static int step(int size) {
        return size < FINE ? 8 : Integer.highestOneBit(size) / 8;
    }

    private static byte[] classes() {
        byte[] classes = new byte[LARGEST / 8 + 1];
        for (int units = 1, sizeClass = 0; units < classes.length; units++) {
            if (8 * units > SIZES[sizeClass]) {
                sizeClass++;
            }
            classes[units] = (byte) sizeClass;
        }
        return classes;
    }
}
