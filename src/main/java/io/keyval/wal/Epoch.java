package io.keyval.wal;

import java.util.concurrent.ThreadLocalRandom;

/**
 * One leadership over a log: the upper 32 bits of its value count, the lower 32 bits are drawn at
 * random, so that two nodes that both think they are the third leader do not mean the same epoch.
 * Later epochs have greater values.
 *
 * @param value as it stands in a frame; 0 is a log that no leader has written yet
 * @param start the first position written, or to be written, in this epoch
 */
public record Epoch(long value, long start) {

    static long after(long value) {
        return ((value >>> 32) + 1) << 32
                | Integer.toUnsignedLong(ThreadLocalRandom.current().nextInt());
    }

    /** What is greater than that of all leaderships before it; a promotion skips some. */
    public long number() {
        return value >>> 32;
    }

    /** The value as people read it: the count, a dash, the drawn part. */
    public static String text(long value) {
        return (value >>> 32) + "-" + String.format("%08x", (int) value);
    }

    @Override
    public String toString() {
        return text(value) + "@" + start;
    }
}
