package io.keyval.cli;

import java.util.Arrays;

/** Gathers commands. */
final class BatchBuilder {

    private static final int FULL = 1 << 16;

    private byte[] bytes = new byte[FULL + 4096];
    private int length;
    private byte[] verbs = new byte[1024];
    private long[] lines = new long[1024];
    private int count;

    /** Adds {@code prefix} and {@code rest} as one command, read from line {@code line}. */
    void add(byte[] prefix, byte[] rest, long line) {
        int size = prefix.length + rest.length + 1;
        if (length + size > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(length + size, 2 * bytes.length));
        }
        if (count == verbs.length) {
            verbs = Arrays.copyOf(verbs, 2 * count);
            lines = Arrays.copyOf(lines, 2 * count);
        }
        System.arraycopy(prefix, 0, bytes, length, prefix.length);
        System.arraycopy(rest, 0, bytes, length + prefix.length, rest.length);
        bytes[length + size - 1] = '\n';
        verbs[count] = size == 1 ? 0 : bytes[length];
        lines[count++] = line;
        length += size;
    }

    boolean isEmpty() {
        return count == 0;
    }

    boolean isFull() {
        return length >= FULL;
    }

    Pipeline.Batch build(long offset) {
        return new Pipeline.Batch(
                bytes, length, Arrays.copyOf(verbs, count), Arrays.copyOf(lines, count), offset);
    }
}
