package io.keyval.actuate;

import io.keyval.cluster.Cluster;
import io.keyval.cluster.ClusterView;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/**
 * Whether this node serves its part of the cluster: UP when every group here runs, knows its
 * leader, and has caught up since the start; OUT_OF_SERVICE, and so not ready, until then. DEGRADED
 * while it has too little memory for puts. DOWN when a group was closed here: only a restart mends
 * that.
 */
@Component
@Profile("cluster")
class ClusterHealthIndicator implements HealthIndicator {

    private final Cluster cluster;

    ClusterHealthIndicator(Cluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public Health health() {
        ClusterView view = cluster.view();
        return status(view.groups(), cluster.memoryShortage())
                .withDetail("node", view.node())
                .withDetail(
                        "shards",
                        view.groups().stream().filter(ClusterHealthIndicator::isHere).count())
                .withDetail("leads", leads(view.groups()))
                .build();
    }

    private static Health.Builder status(
            List<ClusterView.Group> groups, @Nullable String shortage) {
        if (groups.isEmpty()) {
            return because(Status.OUT_OF_SERVICE, "The node has not started yet, or stops.");
        }
        Health.Builder worst = shortage == null ? Health.up() : because(Degraded.STATUS, shortage);
        for (ClusterView.Group group : groups) {
            String closed = ShardsHealthIndicator.closed(group);
            if (closed != null) {
                return because(Status.DOWN, closed);
            }
            String missing = missing(group);
            if (missing != null) {
                worst = because(Status.OUT_OF_SERVICE, missing);
            }
        }
        return worst;
    }

    /** What a group lacks, or null. */
    private static @Nullable String missing(ClusterView.Group group) {
        if (!isHere(group)) {
            return null;
        }
        if ("removed".equals(group.role())) {
            return "This node was removed from shard %d; stop it, or restart it before it is added again."
                    .formatted(group.shard());
        }
        if ("mending".equals(group.role())) {
            return group.failure() + ". It is opened again by itself when that can be.";
        }
        if (group.leader() == null) {
            return "Nobody is known to lead shard %d.".formatted(group.shard());
        }
        return group.caughtUp()
                ? null
                : "Shard %d has not caught up since the start: %d of %d entries."
                        .formatted(group.shard(), group.applied(), group.committed());
    }

    private static boolean isHere(ClusterView.Group group) {
        return !"elsewhere".equals(group.role());
    }

    private static long leads(List<ClusterView.Group> groups) {
        return groups.stream().filter(group -> "leader".equals(group.role())).count();
    }

    private static Health.Builder because(Status status, String reason) {
        return Health.status(status).withDetail("reason", reason);
    }
}
