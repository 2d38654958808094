package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The cluster, to look at and to change. Thread-safe. */
public final class Cluster {

    private final RaftNode node;

    Cluster(RaftNode node) {
        this.node = node;
    }

    /** Whether the node has started and does not stop. */
    public boolean isRunning() {
        return node.isRunning();
    }

    /** How it is at the moment; without shards before the start. */
    public ClusterView view() {
        ClusterSettings settings = node.settings();
        List<ClusterView.Group> groups = node.groups().stream().map(ShardGroup::view).toList();
        return new ClusterView(
                settings.id(),
                settings.name(),
                settings.reads().name().toLowerCase(Locale.ROOT),
                settings.forward(),
                settings.shards(),
                settings.replicationFactor(),
                node.members().nodes(),
                groups);
    }

    /**
     * Makes a node a member of every shard, or changes whether it votes. It has to run, started
     * with {@code keyval.cluster.join}. Returns when it is one, and has caught up.
     *
     * @param client host:port for clients, or null when the node may say so itself
     * @param http host:port of its HTTP, likewise
     * @param voting whether it counts for majorities
     * @throws ClusterException when it cannot be done, or not in time
     */
    public void add(
            ClusterPeer peer, @Nullable String client, @Nullable String http, boolean voting) {
        node.members().add(peer, client, http, voting);
    }

    /**
     * Takes a node out of every shard. It should be stopped then.
     *
     * @throws ClusterException when it cannot be done, or not in time
     */
    public void remove(int id) {
        node.members().remove(id);
    }

    /**
     * Has a node lead.
     *
     * @param shard of which shard, or null for all that it holds
     * @throws ClusterException when it cannot be done, or not in time
     */
    public void transfer(int id, @Nullable Integer shard) {
        node.members().transfer(id, shard);
    }
}
