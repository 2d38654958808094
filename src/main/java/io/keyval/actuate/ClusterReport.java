package io.keyval.actuate;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.keyval.cluster.ClusterView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code /actuator/cluster} answers. Words are in lower case, as in the log and in meters;
 * what is not known is absent.
 *
 * @param node this node's id
 * @param groups one for each shard
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ClusterReport(
        int node,
        String name,
        String reads,
        boolean forward,
        int shards,
        int replicationFactor,
        List<Node> nodes,
        List<Group> groups) {

    /** A node, and where it is: for the others, for clients, and over HTTP. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Node(
            int id, String raft, @Nullable String client, @Nullable String http, boolean voting) {

        private static Node of(ClusterView.Node member) {
            return new Node(
                    member.id(), member.raft(), member.client(), member.http(), member.voting());
        }
    }

    /**
     * A shard.
     *
     * @param role of this node: {@code leader}, {@code follower}, {@code candidate}, {@code
     *     learner}, {@code closed}, {@code mending} (closed for now), {@code removed} (this node
     *     was taken out) or {@code elsewhere}
     * @param leaderSince when this node learned who leads, in ISO 8601
     * @param failure why it is closed
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Group(
            int shard,
            String group,
            String role,
            long term,
            @Nullable Integer leader,
            @Nullable String leaderSince,
            long committed,
            long applied,
            long snapshot,
            long keys,
            boolean caughtUp,
            long leaderChanges,
            @Nullable String failure,
            List<Peer> peers) {

        private static Group of(ClusterView.Group group) {
            return new Group(
                    group.shard(),
                    group.group(),
                    group.role(),
                    group.term(),
                    group.leader(),
                    group.leaderSince() == null ? null : group.leaderSince().toString(),
                    group.committed(),
                    group.applied(),
                    group.snapshot(),
                    group.keys(),
                    group.caughtUp(),
                    group.leaderChanges(),
                    group.failure(),
                    group.peers().stream().map(Peer::of).toList());
        }
    }

    /** Another node in a group; how far it is, is known where this node leads. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Peer(
            int id,
            boolean voting,
            @Nullable Long matched,
            @Nullable Long lag,
            @Nullable Long silentMillis) {

        private static Peer of(ClusterView.PeerState peer) {
            return new Peer(
                    peer.id(), peer.voting(), peer.matched(), peer.lag(), peer.silentMillis());
        }
    }

    static ClusterReport of(ClusterView view) {
        return new ClusterReport(
                view.node(),
                view.name(),
                view.reads(),
                view.forward(),
                view.shards(),
                view.replicationFactor(),
                view.nodes().stream().map(Node::of).toList(),
                view.groups().stream().map(Group::of).toList());
    }
}
