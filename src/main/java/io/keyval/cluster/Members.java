package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.protocol.exceptions.LeaderNotReadyException;
import org.apache.ratis.protocol.exceptions.LeaderSteppingDownException;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.protocol.exceptions.SetConfigurationException;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The nodes of the shards, and what changes them. Thread-safe; changes are made one by one. */
final class Members {

    private static final Logger log = LoggerFactory.getLogger(Members.class);

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration TRANSFER = Duration.ofSeconds(5);

    private final RaftNode node;
    private final ClientId clientId;
    private final AtomicLong callId;

    Members(RaftNode node, ClientId clientId, AtomicLong callId) {
        this.node = node;
        this.clientId = clientId;
        this.callId = callId;
    }

    /** All nodes that are known, in the order of their ids. */
    List<ClusterView.Node> nodes() {
        Map<Integer, ClusterView.Node> nodes = new TreeMap<>();
        for (ClusterPeer peer : node.settings().peers()) {
            nodes.put(peer.id(), described(peer.id(), peer.address(), true));
        }
        boolean anyMember = false;
        Map<Integer, ClusterView.Node> members = new TreeMap<>();
        for (ShardGroup shard : node.groups()) {
            RaftServer.Division division = shard.division();
            if (division != null) {
                RaftConfiguration configuration = division.getRaftConf();
                for (RaftPeer peer : configuration.getCurrentPeers()) {
                    anyMember = true;
                    members.put(id(peer), described(id(peer), peer.getAddress(), true));
                }
                for (RaftPeer peer : configuration.getCurrentPeers(RaftPeerRole.LISTENER)) {
                    members.put(id(peer), described(id(peer), peer.getAddress(), false));
                }
            }
        }
        boolean allHere = node.groups().stream().allMatch(shard -> shard.machine() != null);
        if (anyMember && allHere) {
            return List.copyOf(members.values());
        }
        nodes.putAll(members);
        return List.copyOf(nodes.values());
    }

    private ClusterView.Node described(int id, String raft, boolean voting) {
        ClusterSettings settings = node.settings();
        if (id == settings.id()) {
            return new ClusterView.Node(
                    id, raft, settings.clientAddress(), settings.httpAddress(), voting);
        }
        Neighbours.@Nullable Word word = node.word(id);
        if (word != null) {
            return new ClusterView.Node(id, raft, word.client(), word.http(), voting);
        }
        return new ClusterView.Node(id, raft, null, null, voting);
    }

    private static int id(RaftPeer peer) {
        return Integer.parseInt(peer.getId().toString());
    }

    synchronized void add(ClusterPeer peer, boolean voting) {
        // Without Ratis's addresses for clients and for orders: it would connect there, and both
        // are
        // served where the nodes are.
        RaftPeer built =
                RaftPeer.newBuilder()
                        .setId(ClusterSettings.peerId(peer.id()))
                        .setAddress(peer.address())
                        .setStartupRole(voting ? RaftPeerRole.FOLLOWER : RaftPeerRole.LISTENER)
                        .build();
        for (ShardGroup shard : shards()) {
            if (voting && learns(shard, built.getId())) {
                // A leader never takes one for caught up that it added as a learner, and such a one
                // does not vote: it has to come anew.
                change(
                        shard,
                        (voters, learners) ->
                                learners.removeIf(other -> other.getId().equals(built.getId())));
            }
            change(
                    shard,
                    (voters, learners) -> {
                        voters.removeIf(other -> other.getId().equals(built.getId()));
                        learners.removeIf(other -> other.getId().equals(built.getId()));
                        (voting ? voters : learners).add(built);
                    });
        }
    }

    private static boolean learns(ShardGroup shard, RaftPeerId id) {
        return configuration(shard).getCurrentPeers(RaftPeerRole.LISTENER).stream()
                .anyMatch(peer -> peer.getId().equals(id));
    }

    synchronized void remove(int id) {
        RaftPeerId removed = ClusterSettings.peerId(id);
        if (nodes().stream().noneMatch(known -> known.id() == id)) {
            throw new ClusterException(
                    ClusterException.Kind.UNKNOWN,
                    "There is no node %d in this cluster.".formatted(id));
        }
        for (ShardGroup shard : shards()) {
            RaftConfiguration configuration = configuration(shard);
            List<RaftPeer> others =
                    configuration.getCurrentPeers().stream()
                            .filter(peer -> !peer.getId().equals(removed))
                            .toList();
            boolean votes = others.size() < configuration.getCurrentPeers().size();
            if (votes && others.isEmpty()) {
                throw new ClusterException(
                        "Node %d is the only one that votes in shard %d; add another one first."
                                .formatted(id, shard.shard()));
            }
            if (removed.toString().equals(shard.leader())) {
                transfer(others.getFirst().getId(), shard);
            }
            change(
                    shard,
                    (voters, learners) -> {
                        voters.removeIf(peer -> peer.getId().equals(removed));
                        learners.removeIf(peer -> peer.getId().equals(removed));
                    });
        }
    }

    void transfer(int id, @Nullable Integer shard) {
        RaftPeerId heir = ClusterSettings.peerId(id);
        boolean any = false;
        for (ShardGroup group : shards()) {
            if (shard == null || shard == group.shard()) {
                boolean votes =
                        configuration(group).getCurrentPeers().stream()
                                .anyMatch(peer -> peer.getId().equals(heir));
                if (votes) {
                    any = true;
                    transfer(heir, group);
                    String failure = node.tellChosen(group, heir);
                    if (failure != null) {
                        log.warn(
                                "Shard {}: node {} leads, but may hand over by itself: it could not be told that it was chosen ({})",
                                group.shard(),
                                heir,
                                failure);
                    }
                } else if (shard != null) {
                    throw new ClusterException(
                            "Node %d does not vote in shard %d, so it cannot lead it."
                                    .formatted(id, shard));
                }
            }
        }
        if (!any) {
            throw new ClusterException(
                    nodes().stream().noneMatch(known -> known.id() == id) || shard != null
                            ? ClusterException.Kind.UNKNOWN
                            : ClusterException.Kind.REFUSED,
                    shard == null
                            ? "Node %d votes in no shard, so it can lead none.".formatted(id)
                            : "There is no shard %d.".formatted(shard));
        }
    }

    private void transfer(RaftPeerId heir, ShardGroup shard) {
        ask(
                shard,
                leader ->
                        leader.equals(heir)
                                ? null
                                : new TransferLeadershipRequest(
                                        clientId,
                                        leader,
                                        shard.groupId(),
                                        callId.incrementAndGet(),
                                        heir,
                                        TRANSFER.toMillis()));
    }

    private List<ShardGroup> shards() {
        List<ShardGroup> shards = node.groups();
        if (shards.isEmpty()) {
            throw new ClusterException(
                    ClusterException.Kind.UNAVAILABLE, "This node has not started yet, or stops.");
        }
        return shards;
    }

    private static RaftConfiguration configuration(ShardGroup shard) {
        RaftServer.Division division = shard.division();
        if (division == null) {
            throw new ClusterException(
                    "Shard %d is not held by this node; ask one that holds it."
                            .formatted(shard.shard()));
        }
        return division.getRaftConf();
    }

    private interface Change {
        void make(List<RaftPeer> voters, List<RaftPeer> learners);
    }

    private void change(ShardGroup shard, Change change) {
        ask(
                shard,
                leader -> {
                    RaftConfiguration now = configuration(shard);
                    List<RaftPeer> voters = sorted(now.getCurrentPeers());
                    List<RaftPeer> learners = sorted(now.getCurrentPeers(RaftPeerRole.LISTENER));
                    List<RaftPeer> votersBefore = List.copyOf(voters);
                    List<RaftPeer> learnersBefore = List.copyOf(learners);
                    change.make(voters, learners);
                    return new SetConfigurationRequest(
                            clientId,
                            leader,
                            shard.groupId(),
                            callId.incrementAndGet(),
                            SetConfigurationRequest.Arguments.newBuilder()
                                    .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                                    .setServersInCurrentConf(votersBefore)
                                    .setListenersInCurrentConf(learnersBefore)
                                    .setServersInNewConf(voters)
                                    .setListenersInNewConf(learners)
                                    .build());
                });
    }

    private static List<RaftPeer> sorted(Collection<RaftPeer> peers) {
        List<RaftPeer> sorted = new ArrayList<>(peers);
        sorted.sort(Comparator.comparing(peer -> peer.getId().toString()));
        return sorted;
    }

    /** Asks the leader of a shard, whoever it is, until it has done what it was asked. */
    private void ask(ShardGroup shard, Function<RaftPeerId, @Nullable RaftClientRequest> request) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        String reason = "no leader is known";
        while (System.nanoTime() - deadline < 0) {
            String leader = shard.leader();
            if (leader != null) {
                RaftClientRequest asked = request.apply(RaftPeerId.valueOf(leader));
                if (asked == null) {
                    return;
                }
                try {
                    RaftClientReply reply = node.ask(asked);
                    if (reply.isSuccess()) {
                        return;
                    }
                    reason = String.valueOf(reply.getException().getMessage());
                    if (!passes(reply.getException())) {
                        break;
                    }
                } catch (IOException e) {
                    reason = String.valueOf(e.getMessage());
                    if (!passes(e)) {
                        break;
                    }
                }
            }
            pause();
        }
        throw new ClusterException(
                System.nanoTime() - deadline < 0
                        ? ClusterException.Kind.REFUSED
                        : ClusterException.Kind.UNAVAILABLE,
                "The leader of shard %d could not do it: %s.".formatted(shard.shard(), reason));
    }

    private static boolean passes(Throwable failure) {
        return failure instanceof NotLeaderException
                || failure instanceof LeaderNotReadyException
                || failure instanceof LeaderSteppingDownException
                || failure instanceof ReconfigurationInProgressException
                || isStale(failure);
    }

    /** Whether the members here are not yet those that the leader has. */
    private static boolean isStale(Throwable failure) {
        return failure instanceof SetConfigurationException
                && String.valueOf(failure.getMessage()).contains("is different than the request");
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("Waiting for the leader was interrupted.", e);
        }
    }
}
