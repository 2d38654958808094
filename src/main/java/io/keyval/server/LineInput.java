package io.keyval.server;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.springframework.integration.ip.tcp.serializer.SoftEndOfStreamException;

/**
 * What one connection has sent and nobody has taken yet.
 *
 * <p>Holds nothing while nothing comes, at most 256 KB or one line of the allowed length while
 * something does. Every method gives null when the source has nothing more at the moment, which it
 * says by reading 0 bytes, and throws {@link SoftEndOfStreamException} at the end of the stream; a
 * last line without LF is dropped. Not thread-safe: for the one thread that reads the connection.
 */
final class LineInput implements AutoCloseable {

    private static final int FREE_CAPACITY = 4 * 1024;
    private static final int LEAST_CAPACITY = 256;
    private static final int BATCH_CAPACITY = 256 * 1024;
    private static final int MAX_CHUNK = 64 * 1024;
    private static final byte LF = '\n';
    private static final byte[] NOTHING = new byte[0];

    private final InputStream source;
    private final HeapShare share;
    private byte[] buffer = NOTHING;

    /** What is not yet taken is {@code buffer[start, end)}; no LF stands before {@code scanned}. */
    private int start;

    private int scanned;
    private int end;

    /** Whether we are in the middle of a line that is too long, and have dropped its beginning. */
    private boolean skipping;

    /**
     * @param share what a buffer above 4 KB is taken from
     */
    LineInput(InputStream source, HeapShare share) {
        this.source = source;
        this.share = share;
    }

    /**
     * The next line with its LF, and nothing of what stands behind it.
     *
     * @param maxLine a line longer than this is given as an empty one, at once and only once: there
     *     is nothing more to read behind it
     */
    byte @Nullable [] line(int maxLine) throws IOException {
        while (true) {
            for (int i = scanned; i < end; i++) {
                if (buffer[i] == LF) {
                    scanned = i + 1;
                    return i - start > maxLine ? new byte[] {LF} : take(i + 1);
                }
            }
            scanned = end;
            if (end - start > maxLine) {
                return new byte[] {LF};
            }
            if (!fill(maxLine)) {
                return null;
            }
        }
    }

    /**
     * Everything that has arrived up to the last LF: one line or more, each with its LF.
     *
     * @param maxLine of a line longer than this only the LF is sure to be given, in its place among
     *     the other lines; the rest is dropped as it comes
     */
    byte @Nullable [] lines(int maxLine) throws IOException {
        while (true) {
            if (skipping) {
                skipToEndOfLine();
            }
            for (int i = end - 1; i >= scanned; i--) {
                if (buffer[i] == LF) {
                    scanned = end;
                    return take(i + 1);
                }
            }
            scanned = end;
            if (end - start > maxLine) {
                skipping = true;
                start = end;
            }
            if (!fill(maxLine)) {
                return null;
            }
        }
    }

    /** Whatever has arrived, at least one byte, at most 64 KB. */
    byte @Nullable [] bytes() throws IOException {
        while (start == end) {
            if (!fill(0)) {
                return null;
            }
        }
        byte[] taken = take(Math.min(end, start + MAX_CHUNK));
        scanned = Math.max(scanned, start);
        return taken;
    }

    private byte[] take(int to) {
        byte[] taken = Arrays.copyOfRange(buffer, start, to);
        start = to;
        return taken;
    }

    /** Drops what belongs to a line that is too long; its LF stays, if it has come. */
    private void skipToEndOfLine() {
        int i = start;
        while (i < end && buffer[i] != LF) {
            i++;
        }
        start = i;
        scanned = i;
        skipping = i == end;
    }

    /**
     * Reads once, into a buffer that doubles while reads fill it and goes when none is due; false
     * when nothing came.
     */
    private boolean fill(int maxLine) throws IOException {
        boolean full = end == buffer.length && end > 0;
        if (start == end) {
            start = 0;
            scanned = 0;
            end = 0;
            if (full && buffer.length < BATCH_CAPACITY) {
                buffer = resized(buffer.length * 2);
            } else if (!full) {
                int due = source.available();
                if (due == 0) {
                    buffer = resized(0);
                } else if (buffer.length == 0) {
                    buffer = resized(Math.clamp(due + 1L, LEAST_CAPACITY, FREE_CAPACITY));
                }
            }
        } else if (full) {
            makeRoom(maxLine);
        }
        int read = source.read(buffer, end, buffer.length - end);
        if (read < 0) {
            throw new SoftEndOfStreamException("end of stream");
        }
        end += read;
        return read > 0;
    }

    private void makeRoom(int maxLine) throws IOException {
        int length = end - start;
        byte[] to = buffer;
        if (buffer.length < BATCH_CAPACITY || length > buffer.length / 2) {
            to = resized(Math.min(buffer.length * 2, BATCH_CAPACITY + maxLine));
        }
        System.arraycopy(buffer, start, to, 0, length);
        buffer = to;
        scanned -= start;
        start = 0;
        end = length;
    }

    private byte[] resized(int capacity) throws IOException {
        int more = taken(capacity) - taken(buffer.length);
        if (more > 0 && !share.take(more)) {
            throw new IOException("too much unfinished input");
        }
        if (more < 0) {
            share.give(-more);
        }
        return capacity == 0 ? NOTHING : new byte[capacity];
    }

    private static int taken(int capacity) {
        return Math.max(0, capacity - FREE_CAPACITY);
    }

    /** Gives back what the buffer took; nothing is read afterwards. */
    @Override
    public void close() {
        share.give(taken(buffer.length));
        buffer = NOTHING;
        start = 0;
        scanned = 0;
        end = 0;
    }
}
