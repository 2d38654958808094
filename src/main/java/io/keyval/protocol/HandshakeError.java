package io.keyval.protocol;

/** Why a first line was refused; the name is the word on the wire. */
public enum HandshakeError {
    /** The line is no HELLO, or a follower's id is not a positive number. */
    INVALID_HANDSHAKE_MESSAGE,
    /** A follower came to a node that is no leader, or admits no followers. */
    CANNOT_ACCEPT_FOLLOWER_CONNECTION,
    /** A follower showed another secret than the leader's, or a client not the clients'. */
    INVALID_SECRET_KEY,
    /** The id is the leader's, or a live follower holds it. */
    ID_ALREADY_TAKEN,
    /** The leader has as many followers as it admits. */
    MAX_SIZE_EXCEEDED;

    /** The line that says so, with its LF; a new array. */
    public byte[] line() {
        return Ascii.bytes(name() + "\n");
    }
}
