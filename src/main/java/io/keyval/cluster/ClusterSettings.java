package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import io.keyval.config.KeyvalProperties;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.jspecify.annotations.Nullable;

/**
 * What a node of a cluster needs to know.
 *
 * @param id this node's
 * @param name the cluster's; nodes of other names are strangers
 * @param peers all nodes, this one too, in the order of their ids; one when it is alone
 * @param join whether this node waits to be added to a cluster that is there
 * @param reads how GET is answered
 * @param forward whether another node is asked where this one does not lead
 * @param shards groups that the keys are spread over
 * @param replicationFactor nodes that hold a shard, when the cluster is formed
 * @param electionTimeout least time without a leader's word before another one is chosen
 * @param requestTimeout after which a command is answered by a failure
 * @param snapshotThreshold bytes of entries between snapshots
 * @param maxKeySize bytes
 * @param maxValueSize bytes
 * @param dataDir where everything is kept
 * @param clientAddress host:port for clients, or null when it is not known
 * @param httpAddress host:port of HTTP, or null when there is none
 */
public record ClusterSettings(
        int id,
        String name,
        List<ClusterPeer> peers,
        boolean join,
        KeyvalProperties.Reads reads,
        boolean forward,
        int shards,
        int replicationFactor,
        Duration electionTimeout,
        Duration requestTimeout,
        long snapshotThreshold,
        long maxKeySize,
        long maxValueSize,
        Path dataDir,
        @Nullable String clientAddress,
        @Nullable String httpAddress) {

    /** This node. */
    ClusterPeer self() {
        for (ClusterPeer peer : peers) {
            if (peer.id() == id) {
                return peer;
            }
        }
        throw new ClusterException(
                "keyval.cluster.peers has no node with this node's id %d; add %d@host:port."
                        .formatted(id, id));
    }

    /**
     * The ids of the nodes that hold a shard when the cluster is formed, the one that had best lead
     * first.
     */
    List<Integer> holders(int shard) {
        List<Integer> ids = peers.stream().map(ClusterPeer::id).sorted().toList();
        return Slots.nodes(shard, ids, replicationFactor);
    }

    /** A node as Ratis has it. */
    static RaftPeer raftPeer(ClusterPeer peer) {
        return RaftPeer.newBuilder().setId(peerId(peer.id())).setAddress(peer.address()).build();
    }

    /** A node's id as Ratis has it. */
    static RaftPeerId peerId(int id) {
        return RaftPeerId.valueOf(Integer.toString(id));
    }

    /** Bytes of the largest Raft entry. */
    long maxEntry() {
        return Math.max(Batcher.MAX_BYTES, maxKeySize + maxValueSize + 64) + 1024;
    }
}
