package io.keyval.protocol;

/** The words of the handshake. */
public final class HelloLines {

    static final byte[] CLIENT = Ascii.bytes("HELLO CLIENT");
    static final byte[] SECRET_CLIENT = Ascii.bytes("HELLO CLIENT|");
    static final byte[] FOLLOWER = Ascii.bytes("HELLO FOLLOWER|");

    /** Longest first line that is read to its end. */
    public static final int MAX_SIZE = 4096;

    private HelloLines() {}

    /** The answer to a client, with its LF; a new array. */
    public static byte[] server() {
        return Ascii.bytes("HELLO SERVER\n");
    }

    /** The answer to a follower that was admitted, with its LF; a new array. */
    public static byte[] leader() {
        return Ascii.bytes("HELLO LEADER\n");
    }
}
