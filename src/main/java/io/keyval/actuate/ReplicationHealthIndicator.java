package io.keyval.actuate;

import io.keyval.config.KeyvalProperties;
import io.keyval.replication.FollowerStatus;
import io.keyval.replication.LinkStatus;
import io.keyval.replication.Replication;
import io.keyval.store.KeyValueStore;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/**
 * The role of the node, and whether it is as near to the others as it should be.
 *
 * <p>A leader is DEGRADED while writes lack the acknowledgements they need. A follower is DEGRADED
 * while it has no streaming link: it serves what it has, which may be old. It is OUT_OF_SERVICE,
 * and so not ready, while it does not answer reads at all: before its first sync, and when what it
 * has is older than the settings allow. So is every node while it replays its log.
 */
@Component
@Profile("!cluster")
class ReplicationHealthIndicator implements HealthIndicator {

    private final KeyvalProperties properties;
    private final KeyValueStore store;
    private final Replication replication;

    ReplicationHealthIndicator(
            KeyvalProperties properties, KeyValueStore store, Replication replication) {
        this.properties = properties;
        this.store = store;
        this.replication = replication;
    }

    @Override
    public Health health() {
        if (!store.isOpen()) {
            return identified(because(Status.OUT_OF_SERVICE, store.replay().toString()));
        }
        return identified(
                switch (store.role()) {
                    case LEADER -> leader(replication.followers(), replication.unconfirmed());
                    case FOLLOWER ->
                            follower(
                                    replication.link(),
                                    replication.superseded(),
                                    replication.isSynced(),
                                    replication.isFresh());
                });
    }

    private Health identified(Health.Builder health) {
        return health.withDetail("role", ReplicationReport.word(store.role()))
                .withDetail("id", properties.nodeId())
                .build();
    }

    static Health.Builder leader(List<FollowerStatus> followers, @Nullable String unconfirmed) {
        Health.Builder health =
                unconfirmed == null ? Health.up() : because(Degraded.STATUS, unconfirmed);
        return health.withDetail("followers", followers.size())
                .withDetail(
                        "largestLagRecords",
                        followers.stream().mapToLong(FollowerStatus::lagRecords).max().orElse(0));
    }

    static Health.Builder follower(
            @Nullable LinkStatus link, @Nullable String superseded, boolean synced, boolean fresh) {
        Health.Builder health = status(link, superseded, synced, fresh);
        return link == null
                ? health
                : health.withDetail("leader", ReplicationReport.Leader.of(link));
    }

    private static Health.Builder status(
            @Nullable LinkStatus link, @Nullable String superseded, boolean synced, boolean fresh) {
        if (superseded != null) {
            return because(Degraded.STATUS, superseded);
        }
        if (!synced) {
            return because(Status.OUT_OF_SERVICE, "The first sync is not complete.");
        }
        if (!fresh) {
            return because(
                    Status.OUT_OF_SERVICE,
                    "The leader was not heard for longer than reads may be old.");
        }
        if (link == null || link.state() != LinkStatus.State.STREAMING) {
            return because(Degraded.STATUS, "No records come from the leader; reads may be old.");
        }
        return Health.up();
    }

    private static Health.Builder because(Status status, String reason) {
        return Health.status(status).withDetail("reason", reason);
    }
}
