package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Zeros that are written behind the end of a log ahead of its frames. A force then has data to
 * write and no new size of the file, which takes a file system about a third less time.
 *
 * <pre>
 *   frames ... frame | 0 0 0 ... 0 |
 *                    end           size of the file, a multiple of {@link #UNIT}
 * </pre>
 *
 * <p>They belong to no frame: whoever reads the log ends before them. A clean stop cuts them off;
 * of a killed process they stay, and are cut off at the next start. Zeros that do not end at such a
 * size, or are more than two units, are no reserve but a damaged tail.
 */
final class Reserve {

    /** The file's size is a multiple of so many bytes while there is a reserve. */
    static final int UNIT = 1 << 20;

    private static final long MOST = 2L * UNIT;

    /** Where frames are not much smaller than the reserve, it would cost more than it brings. */
    private static final int LEAST_FRAMES = 16;

    private static final int PIECE = 64 << 10;
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(UNIT).asReadOnlyBuffer();

    private Reserve() {}

    /** Whether frames of so many bytes are worth a reserve. */
    static boolean isWorthIt(int frame) {
        return (long) frame * LEAST_FRAMES <= UNIT;
    }

    /**
     * Writes zeros from {@code end} on. They are not forced.
     *
     * @return where they end
     * @throws IOException when there is no room for them; some of them may be there
     */
    static long write(FileChannel channel, long end) throws IOException {
        long to = Math.ceilDiv(end + UNIT / 2, UNIT) * UNIT;
        for (long at = end; at < to; ) {
            ByteBuffer zeros = ZEROS.duplicate().limit((int) Math.min(UNIT, to - at));
            at += channel.write(zeros, at);
        }
        return to;
    }

    /** Whether a file of {@code size} bytes holds a reserve, and nothing else, from here on. */
    static boolean begins(FileChannel channel, long offset, long size) throws IOException {
        return size % UNIT == 0
                && size - offset <= MOST
                && startOfZeros(channel, offset, size) == offset;
    }

    /**
     * Where the last byte before the zeros at the end of the file ends; {@code size} where they are
     * no reserve.
     */
    static long endOfData(FileChannel channel, long offset, long size) throws IOException {
        if (size % UNIT != 0) {
            return size;
        }
        long from = startOfZeros(channel, offset, size);
        return size - from <= MOST ? from : size;
    }

    private static long startOfZeros(FileChannel channel, long offset, long size)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(PIECE);
        for (long to = size; to > offset; ) {
            long from = Math.max(offset, to - PIECE);
            bytes.clear().limit((int) (to - from));
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, from + bytes.position()) < 0) {
                    throw new IOException("the file ended before %d".formatted(to));
                }
            }
            for (int i = bytes.limit() - 1; i >= 0; i--) {
                if (bytes.get(i) != 0) {
                    return from + i + 1;
                }
            }
            to = from;
        }
        return offset;
    }
}
