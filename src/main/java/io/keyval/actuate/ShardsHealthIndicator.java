package io.keyval.actuate;

import io.keyval.cluster.Cluster;
import io.keyval.cluster.ClusterView;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/**
 * Whether the shards of this node run: DOWN when one was closed here, which only a restart mends.
 * That nobody leads, or that this node is behind, is no reason to start it anew.
 */
@Component
@Profile("cluster")
class ShardsHealthIndicator implements HealthIndicator {

    private final Cluster cluster;

    ShardsHealthIndicator(Cluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public Health health() {
        for (ClusterView.Group group : cluster.view().groups()) {
            String closed = closed(group);
            if (closed != null) {
                return Health.down().withDetail("reason", closed).build();
            }
        }
        return Health.up().build();
    }

    /** Why a shard was closed here, or null when it was not. */
    static @Nullable String closed(ClusterView.Group group) {
        if (!"closed".equals(group.role())) {
            return null;
        }
        String failure = group.failure();
        return failure == null
                ? "Shard %d was closed here, and no node has said yet that this one was removed. If that stays, restart the node."
                        .formatted(group.shard())
                : failure + ". Restart the node.";
    }
}
