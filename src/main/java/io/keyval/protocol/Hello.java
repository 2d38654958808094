package io.keyval.protocol;

import java.util.Arrays;

/** The first line of a connection: who is there. */
public sealed interface Hello {

    /** A client; the answer is {@code HELLO SERVER}. */
    record Client() implements Hello {}

    /**
     * A client that shows a secret; the answer is {@code HELLO SERVER} where it is the right one.
     *
     * @param secret not empty; never logged
     */
    record SecretClient(byte[] secret) implements Hello {}

    /**
     * A follower that asks to be admitted; the answer is {@code HELLO LEADER}.
     *
     * @param id a positive number
     * @param secret not empty; never logged
     */
    record Follower(int id, byte[] secret) implements Hello {}

    /** Anything else. */
    record Malformed() implements Hello {}

    /**
     * What {@code bytes[from, to)}, a line without its LF, says; one CR at its end is dropped. The
     * secret of a follower is all that stands behind the first colon, that of a client all behind
     * the bar. Never fails.
     */
    static Hello parse(byte[] bytes, int from, int to) {
        int end = Ascii.dropCarriageReturn(bytes, from, to);
        if (Ascii.equals(HelloLines.CLIENT, bytes, from, end)) {
            return new Client();
        }
        if (Ascii.startsWith(HelloLines.SECRET_CLIENT, bytes, from, end)) {
            int secret = from + HelloLines.SECRET_CLIENT.length;
            return secret == end
                    ? new Malformed()
                    : new SecretClient(Arrays.copyOfRange(bytes, secret, end));
        }
        if (!Ascii.startsWith(HelloLines.FOLLOWER, bytes, from, end)) {
            return new Malformed();
        }
        int start = from + HelloLines.FOLLOWER.length;
        int colon = Ascii.indexOf((byte) ':', bytes, start, end);
        int id = positiveNumber(bytes, start, colon);
        if (id < 1 || colon + 1 >= end) {
            return new Malformed();
        }
        return new Follower(id, Arrays.copyOfRange(bytes, colon + 1, end));
    }

    /** The number in decimal digits, or 0 when it is none, not positive, or not an int. */
    private static int positiveNumber(byte[] bytes, int from, int to) {
        long number = 0;
        for (int i = from; i < to; i++) {
            int digit = bytes[i] - '0';
            number = number * 10 + digit;
            if (digit < 0 || digit > 9 || number > Integer.MAX_VALUE) {
                return 0;
            }
        }
        return (int) number;
    }
}
