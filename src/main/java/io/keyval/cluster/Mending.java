package io.keyval.cluster;

import java.io.IOException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes shards that cannot go on, and opens them again from disk as soon as that can be. */
final class Mending {

    private static final Logger log = LoggerFactory.getLogger(RaftNode.class);

    /** Between two attempts. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final GroupFormation formation;
    private final GroupDirectories directories;
    private final BooleanSupplier stopping;

    /**
     * For the shards of a node.
     *
     * @param stopping whether the node stops, and nothing is to be opened any more
     */
    Mending(GroupFormation formation, GroupDirectories directories, BooleanSupplier stopping) {
        this.formation = formation;
        this.directories = directories;
        this.stopping = stopping;
    }

    /**
     * Returns when the shard is open again, or closed for good, or the node stops; one thread a
     * shard.
     */
    void mend(ShardGroup shard) {
        try {
            attempt(shard);
        } catch (InterruptedException e) {
            // The node stops.
        } catch (RuntimeException | Error e) {
            shard.failed(
                    "Shard %d ended here: it could not be opened again (%s)"
                            .formatted(shard.shard(), e));
        }
    }

    private void attempt(ShardGroup shard) throws InterruptedException {
        boolean closed = false;
        String said = "";
        while (!stopping.getAsBoolean()) {
            try {
                if (!closed) {
                    formation.remove(shard);
                    closed = true;
                }
                if (!shard.isMending()) {
                    return;
                }
                Thread.sleep(PAUSE);
                if (!stopping.getAsBoolean() && directories.hasRoom()) {
                    shard.renew();
                    if (shard.reopen(formation.form(shard))) {
                        return;
                    }
                    closed = false;
                }
            } catch (IOException | RuntimeException e) {
                String reason = ClusterException.reason(e);
                if (!reason.equals(said) && !stopping.getAsBoolean()) {
                    said = reason;
                    log.warn(
                            "Shard {}: it could not be opened again, which is tried on: {}",
                            shard.shard(),
                            reason);
                }
                Thread.sleep(PAUSE);
            }
        }
    }
}
