package io.keyval.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Cuts an input into lines, a chunk at a time: whatever has arrived up to the last line end. A last
 * line without LF counts.
 */
final class InputLines {

    private static final int CHUNK = 1 << 16;
    private static final int LONGEST = 1 << 28;

    private final InputStream in;
    private byte[] buffer = new byte[2 * CHUNK];
    private int at;
    private int end;
    private int lineEnd;
    private boolean ended;
    private long line;
    private long offset;

    InputLines(InputStream in) {
        this.in = in;
    }

    /**
     * Waits until there is at least one more whole line; false when there is none.
     *
     * @throws BadLineException when a line is longer than 256 MB
     */
    boolean fill() throws IOException {
        if (at < lineEnd) {
            return true;
        }
        System.arraycopy(buffer, at, buffer, 0, end - at);
        end -= at;
        at = 0;
        int scanned = 0;
        while (true) {
            for (int i = end - 1; i >= scanned; i--) {
                if (buffer[i] == '\n') {
                    lineEnd = i + 1;
                    return true;
                }
            }
            scanned = end;
            if (ended) {
                lineEnd = 0;
                return false;
            }
            if (end == buffer.length) {
                if (end >= LONGEST) {
                    throw new BadLineException(line + 1, "it is longer than 256 MB");
                }
                buffer = Arrays.copyOf(buffer, 2 * buffer.length);
            }
            int read = in.read(buffer, end, Math.min(CHUNK, buffer.length - end));
            if (read < 0) {
                ended = true;
                if (end > 0) {
                    buffer = end == buffer.length ? Arrays.copyOf(buffer, end + 1) : buffer;
                    buffer[end++] = '\n';
                }
            } else {
                end += read;
            }
        }
    }

    /** Whether {@link #next} has a line without waiting. */
    boolean hasNext() {
        return at < lineEnd;
    }

    /** The next line without its LF; only after {@link #fill} or {@link #hasNext} said true. */
    byte[] next() {
        int from = at;
        while (buffer[at] != '\n') {
            at++;
        }
        line++;
        offset += at + 1 - from;
        return Arrays.copyOfRange(buffer, from, at++);
    }

    /** The number of the last line that {@link #next} gave, from 1. */
    long line() {
        return line;
    }

    /** How many bytes the lines up to that one have. */
    long offset() {
        return offset;
    }
}
