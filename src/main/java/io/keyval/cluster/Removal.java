package io.keyval.cluster;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node was taken out of a shard, going by what the shard's leader says. What is heard
 * is for one thread; the answer is for all.
 */
final class Removal {

    private static final Logger log = LoggerFactory.getLogger(ShardGroup.class);

    /** A learner that is to vote is no member for a moment. */
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
     * The leader has said whether this node holds the shard.
     *
     * @param here whether the shard is here, with members that are known from itself
     */
    void heard(boolean member, boolean here) {
        // One that is being added is no member until it hears of itself.
        strangerFor = member || !here ? 0 : strangerFor + 1;
        if (removed && member) {
            removed = false;
            log.info("Shard {}: this node is a member again", shard);
            memberAgain.run();
        } else if (!removed && strangerFor >= SURE) {
            removed = true;
            log.warn("Shard {}: this node was removed, and answers its commands by ERROR", shard);
        }
    }
}
