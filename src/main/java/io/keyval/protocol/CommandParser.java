package io.keyval.protocol;

import io.keyval.command.Command;
import java.util.Arrays;

/**
 * Turns one line into one command.
 *
 * <p>Verbs are upper case, words are parted by exactly one space, and the value of a PUT is the
 * whole rest of the line after one space, so it may hold spaces. A line that is anything else, or
 * whose key or value is empty or too long, is a {@link Command.Invalid}: parsing never fails.
 */
public final class CommandParser {

    private static final byte[] PUT = Ascii.bytes("PUT ");
    private static final byte[] GET = Ascii.bytes("GET ");
    private static final byte[] DELETE = Ascii.bytes("DELETE ");
    private static final byte[] PING = Ascii.bytes("PING");
    private static final byte[] CLOSE = Ascii.bytes("CLOSE");

    private static final Command A_PING = new Command.Ping();
    private static final Command A_CLOSE = new Command.Close();
    private static final Command AN_INVALID = new Command.Invalid();

    private final Limits limits;

    /** A parser that accepts keys and values within {@code limits}. */
    public CommandParser(Limits limits) {
        this.limits = limits;
    }

    /**
     * The command in {@code bytes[from, to)}, a line without its LF; one CR at its end is dropped.
     * The command holds copies: {@code bytes} may be reused.
     */
    public Command parse(byte[] bytes, int from, int to) {
        int end = Ascii.dropCarriageReturn(bytes, from, to);
        if (end == from) {
            return AN_INVALID;
        }
        return switch (bytes[from]) {
            case 'P' -> {
                if (Ascii.startsWith(PUT, bytes, from, end)) {
                    yield put(bytes, from + PUT.length, end);
                }
                yield Ascii.equals(PING, bytes, from, end) ? A_PING : AN_INVALID;
            }
            case 'G' -> {
                int key = from + GET.length;
                yield Ascii.startsWith(GET, bytes, from, end) && isOneKey(bytes, key, end)
                        ? new Command.Get(Arrays.copyOfRange(bytes, key, end))
                        : AN_INVALID;
            }
            case 'D' -> {
                int key = from + DELETE.length;
                yield Ascii.startsWith(DELETE, bytes, from, end) && isOneKey(bytes, key, end)
                        ? new Command.Delete(Arrays.copyOfRange(bytes, key, end))
                        : AN_INVALID;
            }
            case 'C' -> Ascii.equals(CLOSE, bytes, from, end) ? A_CLOSE : AN_INVALID;
            default -> AN_INVALID;
        };
    }

    private Command put(byte[] bytes, int from, int end) {
        int space = Ascii.indexOf(Ascii.SPACE, bytes, from, end);
        int value = space + 1;
        if (space == from
                || value >= end
                || space - from > limits.maxKeySize()
                || end - value > limits.maxValueSize()) {
            return AN_INVALID;
        }
        return new Command.Put(
                Arrays.copyOfRange(bytes, from, space), Arrays.copyOfRange(bytes, value, end));
    }

    private boolean isOneKey(byte[] bytes, int from, int end) {
        int length = end - from;
        return length > 0
                && length <= limits.maxKeySize()
                && Ascii.indexOf(Ascii.SPACE, bytes, from, end) == end;
    }
}
