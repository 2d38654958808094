package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The cluster as Ratis has it. */
final class RaftCluster implements Cluster {

    private final RaftNode node;

    RaftCluster(RaftNode node) {
        this.node = node;
    }

    @Override
    public boolean isRunning() {
        return node.isRunning();
    }

    @Override
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

    @Override
    public void add(
            ClusterPeer peer, @Nullable String client, @Nullable String http, boolean voting) {
        node.members().add(peer, client, http, voting);
    }

    @Override
    public void remove(int id) {
        node.members().remove(id);
    }

    @Override
    public void transfer(int id, @Nullable Integer shard) {
        node.members().transfer(id, shard);
    }

    @Override
    public void listen(EntryListener listener) {
        node.listen(listener);
    }
}
