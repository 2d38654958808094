package io.keyval.cli;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Takes bytes in as they come and gives out the lines in them. A line lies in {@link #bytes} from
 * {@link #from} to {@link #to}, without its LF, until {@link #room} is called. Not thread-safe.
 */
final class BenchLines {

    private byte[] bytes;
    private ByteBuffer buffer;
    private int from;
    private int to = -1;

    /** Where the search for the next LF goes on; what is before it is searched. */
    private int searched;

    BenchLines(int capacity) {
        bytes = new byte[capacity];
        buffer = ByteBuffer.wrap(bytes);
    }

    /** Where to put what has come, at its position; there is room for a byte at least. */
    ByteBuffer room() {
        int begun = to + 1;
        if (begun > 0) {
            int rest = buffer.position() - begun;
            System.arraycopy(bytes, begun, bytes, 0, rest);
            buffer.position(rest);
            searched -= begun;
            to = -1;
        }
        if (!buffer.hasRemaining()) {
            int filled = buffer.position();
            bytes = Arrays.copyOf(bytes, 2 * bytes.length);
            buffer = ByteBuffer.wrap(bytes).position(filled);
        }
        return buffer;
    }

    /** Goes to the next line; false when it has not come whole. */
    boolean next() {
        byte[] all = bytes;
        int end = buffer.position();
        int at = Math.max(searched, to + 1);
        while (at < end && all[at] != '\n') {
            at++;
        }
        if (at == end) {
            searched = end;
            return false;
        }
        from = to + 1;
        to = at;
        searched = at + 1;
        return true;
    }

    byte[] bytes() {
        return bytes;
    }

    int from() {
        return from;
    }

    int to() {
        return to;
    }
}
