package io.keyval.cluster;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.util.ProtoUtils;

/**
 * Who holds a shard, as far as whoever was asked knew.
 *
 * @param leader the node that leads it
 * @param voters the nodes that count for majorities, in the order of their ids' texts
 * @param learners the nodes that do not, likewise
 */
record Composition(RaftPeerId leader, List<RaftPeer> voters, List<RaftPeer> learners) {

    Composition {
        voters = sorted(voters);
        learners = sorted(learners);
    }

    /** What a node knows of a shard that it holds itself. */
    static Composition of(RaftPeerId leader, RaftConfiguration configuration) {
        return new Composition(
                leader,
                List.copyOf(configuration.getCurrentPeers()),
                List.copyOf(configuration.getCurrentPeers(RaftPeerRole.LISTENER)));
    }

    /** What another node has said of a shard that it holds. */
    static Composition of(RaftPeerId leader, RaftConfigurationProto configuration) {
        return new Composition(
                leader,
                ProtoUtils.toRaftPeers(configuration.getPeersList()),
                ProtoUtils.toRaftPeers(configuration.getListenersList()));
    }

    /** Everybody who holds the shard. */
    List<RaftPeer> all() {
        return Stream.concat(voters.stream(), learners.stream()).toList();
    }

    boolean votes(RaftPeerId id) {
        return has(voters, id);
    }

    boolean learns(RaftPeerId id) {
        return has(learners, id);
    }

    boolean isHeldBy(RaftPeerId id) {
        return votes(id) || learns(id);
    }

    private static boolean has(Collection<RaftPeer> peers, RaftPeerId id) {
        return peers.stream().anyMatch(peer -> peer.getId().equals(id));
    }

    private static List<RaftPeer> sorted(Collection<RaftPeer> peers) {
        return peers.stream()
                .sorted(Comparator.comparing(peer -> peer.getId().toString()))
                .toList();
    }
}
