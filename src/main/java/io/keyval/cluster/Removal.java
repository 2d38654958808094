package io.keyval.cluster;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node was taken out of a shard, going by what the shard's leader says. Thread-safe.
 */
final class Removal {

    private static final Logger log = LoggerFactory.getLogger(ShardGroup.class);

    /** How often that takes: a learner that is to vote is no member for a moment. */
    private static final int SURE = 2;

    private final int shard;
    private final Runnable memberAgain;
    private volatile boolean removed;

    /** How many times in a row the leader has said that this node is no member. */
    private int strangerFor;

    /**
     * Not removed.
     *
     * @param memberAgain is told when it is a member again
     */
    Removal(int shard, Runnable memberAgain) {
        this.shard = shard;
        this.memberAgain = memberAgain;
    }

    /** Whether this node held the shard, and was taken out of it. */
    boolean isRemoved() {
        return removed;
    }

    /**
     * The leader, which may be this node, has said whether this node holds the shard.
     *
     * @param here whether the shard is here, with members that are known from itself
     * @param closed whether it was closed here without a failure, as Ratis does where the others
     *     say that this node is no member: once is enough then
     */
    synchronized void heard(boolean member, boolean here, boolean closed) {
        // One that is being added is no member until it hears of itself.
        strangerFor = member || !here ? 0 : strangerFor + 1;
        if (removed && member) {
            removed = false;
            log.info("Shard {}: this node is a member again", shard);
            memberAgain.run();
        } else if (!removed && strangerFor >= (closed ? 1 : SURE)) {
            removed = true;
            log.warn("Shard {}: this node was removed, and answers its commands by ERROR", shard);
        }
    }
}
