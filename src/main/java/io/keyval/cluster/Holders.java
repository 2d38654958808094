package io.keyval.cluster;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * Who holds a shard, as far as this node knows: from the group itself where it is here, by the word
 * of its leader where it is elsewhere, and by the settings until something was heard. Thread-safe.
 */
final class Holders {

    private final Supplier<RaftServer.@Nullable Division> here;
    private volatile List<String> expected;
    private volatile @Nullable Composition elsewhere;

    /**
     * By the settings.
     *
     * @param expected ids of the nodes that hold it, as far as is known
     * @param here what this node has of the group, or null when it has nothing, or not yet
     */
    Holders(List<String> expected, Supplier<RaftServer.@Nullable Division> here) {
        this.expected = expected;
        this.here = here;
    }

    /** Who votes in the shard, as far as was heard from itself; nobody where nothing was. */
    List<RaftPeer> voters() {
        RaftServer.Division division = here.get();
        Composition heard = elsewhere;
        return division != null
                ? List.copyOf(division.getRaftConf().getCurrentPeers())
                : heard == null ? List.of() : heard.voters();
    }

    /** Who holds the shard and does not vote, likewise. */
    List<RaftPeer> learners() {
        RaftServer.Division division = here.get();
        Composition heard = elsewhere;
        return division != null
                ? List.copyOf(division.getRaftConf().getCurrentPeers(RaftPeerRole.LISTENER))
                : heard == null ? List.of() : heard.learners();
    }

    /** Whether they are known from the group itself, and so all who can be known. */
    boolean areKnown() {
        return !voters().isEmpty();
    }

    /** Whether a node is one of them, as far as is known. */
    boolean include(int id) {
        RaftPeerId node = ClusterSettings.peerId(id);
        return areKnown()
                ? Stream.concat(voters().stream(), learners().stream())
                        .anyMatch(peer -> peer.getId().equals(node))
                : expected.contains(node.toString());
    }

    /** The ids of the nodes that were last said to hold the shard, which is elsewhere. */
    List<String> expected() {
        return expected;
    }

    /**
     * The ids of the nodes that may hold the shard, the likeliest first.
     *
     * @param leader the node that is thought to lead it, or null
     */
    List<String> likeliest(@Nullable String leader) {
        Set<String> likeliest = new LinkedHashSet<>();
        if (leader != null) {
            likeliest.add(leader);
        }
        voters().forEach(peer -> likeliest.add(peer.getId().toString()));
        likeliest.addAll(expected);
        return List.copyOf(likeliest);
    }

    /** The leader of the shard, which is elsewhere, has said who holds it. */
    void heard(Composition now) {
        elsewhere = now;
        expected = now.all().stream().map(peer -> peer.getId().toString()).toList();
    }

    /** Whether this node, which leads a group, sends its log to a node. */
    static boolean isSentTheLog(RaftServer.Division group, int id) {
        RaftPeerId node = ClusterSettings.peerId(id);
        return group.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList().stream()
                .anyMatch(follower -> RaftPeerId.valueOf(follower.getId().getId()).equals(node));
    }

    /** Whether a node counts for the majorities of a group. */
    static boolean votes(RaftServer.Division group, RaftPeerId id) {
        return group.getRaftConf().getCurrentPeers().stream()
                .anyMatch(peer -> peer.getId().equals(id));
    }
}
