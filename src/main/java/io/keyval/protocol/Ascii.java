package io.keyval.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The bytes of the protocol's own words. */
final class Ascii {

    static final byte LF = '\n';
    static final byte CR = '\r';
    static final byte SPACE = ' ';

    private Ascii() {}

    static byte[] bytes(String word) {
        return word.getBytes(StandardCharsets.US_ASCII);
    }

    /** The end of the line {@code [from, to)} without the one CR that may end it. */
    static int dropCarriageReturn(byte[] bytes, int from, int to) {
        return to > from && bytes[to - 1] == CR ? to - 1 : to;
    }

    static boolean equals(byte[] word, byte[] bytes, int from, int to) {
        return Arrays.equals(word, 0, word.length, bytes, from, to);
    }

    static boolean startsWith(byte[] prefix, byte[] bytes, int from, int to) {
        int end = from + prefix.length;
        return end <= to && Arrays.equals(prefix, 0, prefix.length, bytes, from, end);
    }

    /** The index of {@code wanted} in {@code [from, to)}, or {@code to} when it is not there. */
    static int indexOf(byte wanted, byte[] bytes, int from, int to) {
        int i = from;
        while (i < to && bytes[i] != wanted) {
            i++;
        }
        return i;
    }
}
