package io.keyval.replication;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a follower's link is doing, and why it is not streaming, over all its connections. Tells the
 * log of it. Thread-safe; the threads of the link write, any thread may ask.
 */
final class LinkState {

    private static final Logger log = LoggerFactory.getLogger(Replication.class);

    private final String host;
    private final int port;

    private volatile LinkStatus.State state = LinkStatus.State.CONNECTING;
    private volatile @Nullable String reason;

    /** Of a link to the leader at this address that is not connected yet. */
    LinkState(String host, int port) {
        this.host = host;
        this.port = port;
    }

    LinkStatus.State state() {
        return state;
    }

    /** Why the link is not streaming, in words; null when there is nothing to say. */
    @Nullable String reason() {
        return reason;
    }

    /** Host and port. */
    String leader() {
        return host + ":" + port;
    }

    /** The leader is looked for; a link that was refused counts as refused meanwhile. */
    void connecting() {
        if (state != LinkStatus.State.REFUSED) {
            state = LinkStatus.State.CONNECTING;
        }
    }

    /** The leader has answered and is asked for its word. */
    void joining() {
        state = LinkStatus.State.JOINING;
    }

    /** The leader has taken this follower in: nothing is wrong any more. */
    void joined(LinkStatus.State next) {
        state = next;
        reason = null;
    }

    /** Tells how the leader brings this follower to its history. */
    void following(String how) {
        log.info("Following the leader {}:{}: {}.", host, port, how);
    }

    /** What follows comes as it becomes durable on the leader. */
    void streaming() {
        state = LinkStatus.State.STREAMING;
    }

    /** Tells what a full sync has brought. */
    void synced(long keys, long position) {
        log.info("Full sync done: {} keys at position {}.", keys, position);
    }

    /** The link broke, or could not be made. Tells what is wrong, once for each new reason. */
    void broken(String why) {
        if (!why.equals(reason)) {
            log.warn("No link to the leader {}:{}: {}. Trying again.", host, port, why);
        }
        reason = why;
        state = LinkStatus.State.CONNECTING;
    }

    /** The leader, or this node itself, refuses. Tells why, once for each new reason. */
    void refused(String why) {
        broken(why);
        state = LinkStatus.State.REFUSED;
    }

    /** There is no link any more. */
    void stopped() {
        state = LinkStatus.State.NONE;
    }

    /** The reason that a failure gives, in words: what its root says, or what kind it is of. */
    static String reasonOf(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return message == null ? root.getClass().getSimpleName() : message;
    }
}
