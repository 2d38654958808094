package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.apache.ratis.protocol.RaftPeer;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of the cluster as this node knows them: those of the settings, until the members of all
 * shards are known from the shards themselves. Thread-safe.
 */
final class KnownNodes {

    private final ClusterSettings settings;
    private final Supplier<List<ShardGroup>> shards;
    private final IntFunction<Neighbours.@Nullable Word> words;

    /**
     * The nodes.
     *
     * @param shards none before the start
     * @param words what the node of an id has said of itself, or null when it has not
     */
    KnownNodes(
            ClusterSettings settings,
            Supplier<List<ShardGroup>> shards,
            IntFunction<Neighbours.@Nullable Word> words) {
        this.settings = settings;
        this.shards = shards;
        this.words = words;
    }

    /** All of them, in the order of their ids. */
    List<ClusterView.Node> all() {
        Map<Integer, ClusterView.Node> nodes = new TreeMap<>();
        for (ClusterPeer peer : settings.peers()) {
            nodes.put(peer.id(), described(peer.id(), peer.address(), true));
        }
        List<ShardGroup> known = shards.get();
        Map<Integer, ClusterView.Node> members = new TreeMap<>();
        for (ShardGroup shard : known) {
            for (RaftPeer peer : shard.holders().voters()) {
                members.put(id(peer), described(id(peer), peer.getAddress(), true));
            }
            for (RaftPeer peer : shard.holders().learners()) {
                members.put(id(peer), described(id(peer), peer.getAddress(), false));
            }
        }
        if (!members.isEmpty() && known.stream().allMatch(shard -> shard.holders().areKnown())) {
            return List.copyOf(members.values());
        }
        nodes.putAll(members);
        return List.copyOf(nodes.values());
    }

    private ClusterView.Node described(int id, String raft, boolean voting) {
        if (id == settings.id()) {
            return new ClusterView.Node(
                    id, raft, settings.clientAddress(), settings.httpAddress(), voting);
        }
        Neighbours.@Nullable Word word = words.apply(id);
        if (word != null) {
            return new ClusterView.Node(id, raft, word.client(), word.http(), voting);
        }
        return new ClusterView.Node(id, raft, null, null, voting);
    }

    private static int id(RaftPeer peer) {
        return Integer.parseInt(peer.getId().toString());
    }
}
