package io.keyval.cluster;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cluster as one node sees it, at one moment.
 *
 * @param node the id of the node that looks
 * @param name the cluster's
 * @param reads how GET is answered: index, log, lease or local
 * @param forward whether the node passes commands on to the one that leads
 * @param shards groups that the keys are spread over
 * @param replicationFactor nodes that hold a shard
 * @param nodes all nodes that are known, in the order of their ids
 * @param groups the shards in order
 */
public record ClusterView(
        int node,
        String name,
        String reads,
        boolean forward,
        int shards,
        int replicationFactor,
        List<Node> nodes,
        List<Group> groups) {

    /**
     * A node.
     *
     * @param id 1 or more
     * @param raft host:port for the other nodes
     * @param client host:port for clients, or null when it is not known
     * @param http host:port of its HTTP, or null when it is not known
     * @param voting whether it counts for majorities, in every shard that it holds
     */
    public record Node(
            int id, String raft, @Nullable String client, @Nullable String http, boolean voting) {}

    /**
     * A shard.
     *
     * @param shard its number
     * @param group the id of its Raft group
     * @param role leader, follower, candidate, learner, closed, mending, elsewhere, or removed: it
     *     was here, and this node was taken out of it
     * @param term 0 where it is elsewhere
     * @param leader the id of the node that leads, or null when that is not known
     * @param leaderSince when this node heard of it, or null
     * @param committed index up to which a majority has the log, as far as is known here
     * @param applied index up to which it is executed here
     * @param snapshot index up to which the latest snapshot here goes, 0 when there is none
     * @param keys that are present here
     * @param caughtUp whether it has, since the start of the node, come to where the leader was
     *     then
     * @param failure why it ended here, a sentence, or null when it did not
     * @param leaderChanges of which this node has heard since it started
     * @param forwarded commands that this node sent to another one
     * @param unanswered commands whose fate was not known
     * @param entriesInFlight entries under way from this node
     * @param peers the other nodes that hold it, where this node leads; else none
     */
    public record Group(
            int shard,
            String group,
            String role,
            long term,
            @Nullable Integer leader,
            @Nullable Instant leaderSince,
            long committed,
            long applied,
            long snapshot,
            long keys,
            boolean caughtUp,
            @Nullable String failure,
            long leaderChanges,
            long forwarded,
            long unanswered,
            int entriesInFlight,
            List<PeerState> peers) {}

    /**
     * How far a node is, as the leader sees it.
     *
     * @param id of the node
     * @param voting whether it counts for majorities
     * @param matched index up to which it has the log, or null when that is not known
     * @param lag entries that it has not, or null likewise
     * @param silentMillis time since its last word
     */
    public record PeerState(
            int id,
            boolean voting,
            @Nullable Long matched,
            @Nullable Long lag,
            @Nullable Long silentMillis) {}
}
