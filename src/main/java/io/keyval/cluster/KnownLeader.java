package io.keyval.cluster;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Who leads a shard, and whether it takes what it is sent, as far as this node has heard: from
 * Ratis, and from the nodes that entries were sent to. Thread-safe.
 */
final class KnownLeader {

    /** For how many nanoseconds it counts that the leader sent something back. */
    private static final long REFUSED = Duration.ofMillis(500).toNanos();

    /**
     * A node that has closed the shard.
     *
     * @param until a {@link System#nanoTime}, up to which that counts
     */
    private record Closed(String node, long until) {}

    private final String self;
    private final LongAdder changes = new LongAdder();

    private volatile @Nullable String id;
    private volatile @Nullable Instant since;
    private volatile @Nullable Closed closed;
    private volatile boolean chosen;

    /** A {@link System#nanoTime}. */
    private volatile long refusedUntil = System.nanoTime();

    /**
     * Nobody yet.
     *
     * @param self the id of this node
     */
    KnownLeader(String self) {
        this.self = self;
    }

    /** The id of the node that leads, or null when that is not known. */
    @Nullable String id() {
        return id;
    }

    /** When this node heard from Ratis of the one that leads, or null when it never did. */
    @Nullable Instant since() {
        return since;
    }

    /** How often Ratis told of another one. */
    long changes() {
        return changes.sum();
    }

    /**
     * A node has said that the shard is closed there, whoever thinks that it leads.
     *
     * @param now a {@link System#nanoTime}
     */
    void isClosedAt(String node, long now) {
        closed = new Closed(node, now + REFUSED);
    }

    /**
     * Whether a node has said so a short time ago, and Ratis has told of no leader since.
     *
     * @param now a {@link System#nanoTime}
     */
    boolean wasClosedAt(String node, long now) {
        Closed said = closed;
        return said != null && said.node().equals(node) && said.until() - now > 0;
    }

    /** Ratis tells who leads; answers whether that is news. */
    boolean changed(String known) {
        closed = null;
        if (!known.equals(self)) {
            chosen = false;
        }
        boolean news = !known.equals(id);
        if (news) {
            id = known;
            since = Instant.now();
            changes.increment();
        }
        return news;
    }

    /** Somebody has chosen this node to lead. */
    void choose() {
        chosen = true;
    }

    /** Whether somebody has, and Ratis has told of no other leader since. */
    boolean isChosen() {
        return chosen;
    }

    /** Another node has said who leads. */
    void told(@Nullable String known) {
        id = known;
    }

    /** Who was thought to lead did not answer. */
    void forget() {
        id = null;
    }

    /** Whoever was thought to lead sent something back: what waits is sent again soon. */
    void refused() {
        refusedUntil = System.nanoTime() + REFUSED;
    }

    /** The leader has executed something, or is known anew. */
    void accepted() {
        refusedUntil = System.nanoTime();
    }

    /**
     * Whether something was sent back a short time ago, and nothing was executed since.
     *
     * @param now a {@link System#nanoTime}
     */
    boolean refuses(long now) {
        return refusedUntil - now > 0;
    }
}
