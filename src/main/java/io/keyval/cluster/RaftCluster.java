package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import io.keyval.store.Replica;
import io.keyval.wal.WalException;
import java.nio.file.Path;
import java.util.ArrayList;
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
        List<ClusterView.Group> groups = node.groups().stream().map(ShardView::of).toList();
        return new ClusterView(
                settings.id(),
                settings.name(),
                settings.reads().name().toLowerCase(Locale.ROOT),
                settings.forward(),
                settings.shards(),
                settings.replicationFactor(),
                node.nodes().all(),
                groups);
    }

    @Override
    public @Nullable String memoryShortage() {
        for (ShardGroup shard : node.groups()) {
            KeyspaceStateMachine machine = shard.machine();
            String shortage = machine == null ? null : machine.replica().memoryShortage();
            if (shortage != null) {
                return shortage;
            }
        }
        return null;
    }

    @Override
    public void add(ClusterPeer peer, boolean voting) {
        node.members().add(peer, voting);
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
    public List<Integer> backUp(Path file) {
        List<Integer> shards = new ArrayList<>();
        List<Replica> replicas = new ArrayList<>();
        long position = 1;
        for (ShardGroup shard : node.groups()) {
            KeyspaceStateMachine machine = shard.machine();
            if (machine != null) {
                if (!shard.caughtUp()) {
                    throw new ClusterException(
                            ClusterException.Kind.UNAVAILABLE,
                            "Shard %d has not caught up here; back up another node."
                                    .formatted(shard.shard()));
                }
                shards.add(shard.shard());
                replicas.add(machine.replica());
                position += Math.max(0, machine.getLastAppliedTermIndex().getIndex());
            }
        }
        if (replicas.isEmpty()) {
            throw new ClusterException(
                    ClusterException.Kind.UNAVAILABLE,
                    "This node holds no shard, or has not started yet; back up another node.");
        }
        try {
            Replica.writeBackup(file, position, replicas);
        } catch (WalException | IllegalStateException e) {
            throw new ClusterException(
                    ClusterException.Kind.UNAVAILABLE, String.valueOf(e.getMessage()));
        }
        return shards;
    }

    @Override
    public void listen(EntryListener listener) {
        node.listen(listener);
    }
}
