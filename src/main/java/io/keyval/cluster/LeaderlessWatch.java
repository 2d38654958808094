package io.keyval.cluster;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says once that a shard that is here has no leader that takes commands, when that lasts, and how
 * long it lasted when it has one. For one thread, which looks often.
 */
final class LeaderlessWatch {

    private static final Logger log = LoggerFactory.getLogger(ShardGroup.class);

    private final ShardGroup shard;
    private final Duration patience;
    private final Duration firstPatience;
    private boolean leaderless;
    private boolean said;

    /** A {@link System#nanoTime}. */
    private long since;

    /**
     * A watch that has seen nothing yet.
     *
     * @param patience for how long elections may last
     * @param firstPatience likewise, until the first leader is known
     */
    LeaderlessWatch(ShardGroup shard, Duration patience, Duration firstPatience) {
        this.shard = shard;
        this.patience = patience;
        this.firstPatience = firstPatience;
    }

    /** Looks whether the shard has a leader. */
    void look() {
        long now = System.nanoTime();
        if (!shard.isAlive() || shard.isRemoved() || !shard.holders().areKnown()) {
            leaderless = false;
            return;
        }
        if (shard.takesCommands(now)) {
            if (leaderless && said) {
                log.info(
                        "Shard {}: node {} leads; nobody did for {} ms",
                        shard.shard(),
                        shard.leader(),
                        Duration.ofNanos(now - since).toMillis());
            }
            leaderless = false;
            return;
        }
        if (!leaderless) {
            leaderless = true;
            said = false;
            since = now;
            return;
        }
        Duration enough = shard.leaderSince() == null ? firstPatience : patience;
        if (!said && now - since >= enough.toNanos()) {
            said = true;
            log.warn(
                    "Shard {}: no leader that takes commands for {} ms, as far as this node knows",
                    shard.shard(),
                    Duration.ofNanos(now - since).toMillis());
        }
    }
}
