package io.keyval.protocol;

/**
 * Decides which followers come in, and takes over their connections.
 *
 * <p>The server reads the first line of a connection and asks here; without a gate no follower is
 * admitted. For one connection the calls come in order from one thread: {@link #admit}, and if it
 * admitted, the server sends {@code HELLO LEADER} and calls {@link #opened}. After that the server
 * hands over every byte the follower sends, and the close of the connection, on channels and by
 * events of its own; after an admission the close is told even if {@code opened} never came.
 */
public interface FollowerGate {

    /** Header of what a follower sent: its id, an Integer. */
    String PEER_HEADER = "keyval_peer";

    /** Channel that hands over what followers sent, as byte arrays of at most 64 KB. */
    String INBOUND_CHANNEL = "followerInbound";

    /** Channel that takes byte arrays for followers, routed by connection id; blocks to write. */
    String OUTBOUND_CHANNEL = "followerOutbound";

    /**
     * Whether a follower may come in. Checks, in this order: whether this node is a leader, the
     * secret (in constant time), the id, the room. May block for a moment, so that a follower that
     * comes back is not refused by its own dead connection. Any thread, many at a time.
     *
     * @param id a positive number
     * @param secret what the follower showed; never logged
     * @param connectionId names the connection in all that follows
     */
    Admission admit(int id, byte[] secret, String connectionId);

    /**
     * The follower was admitted and has been sent {@code HELLO LEADER}: from now on its connection
     * belongs to the gate, which may send at once. What the follower sends is handed over only
     * after this call returned.
     */
    void opened(int id, String connectionId);

    /**
     * The server stops: all clients are gone, and the connections of followers close when this
     * returns, which is within a few seconds. Nobody is admitted any more.
     */
    void closing();

    /** The gate's answer. */
    sealed interface Admission {

        /** The follower comes in; its id is taken until its connection closes. */
        record Admitted() implements Admission {}

        /** The follower is told the error and its connection closes. */
        record Rejected(HandshakeError error) implements Admission {}
    }
}
