package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.protocol.exceptions.GroupMismatchException;
import org.apache.ratis.protocol.exceptions.LeaderNotReadyException;
import org.apache.ratis.protocol.exceptions.LeaderSteppingDownException;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.protocol.exceptions.SetConfigurationException;
import org.apache.ratis.protocol.exceptions.TimeoutIOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Changes who holds and leads the shards. Thread-safe; changes are made one by one. */
final class Members {

    private static final Logger log = LoggerFactory.getLogger(Members.class);

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration PAUSE = Duration.ofMillis(100);

    /** How long a node that is to be added may take until it answers. */
    private static final Duration START = Duration.ofSeconds(15);

    private static final Duration TRANSFER = Duration.ofSeconds(5);

    /** The shards, and whoever leads them. Thread-safe. */
    interface Leaders {

        /** The shards in order; none before the start. */
        List<ShardGroup> groups();

        /**
         * Who leads and holds a shard: as this node knows by itself, or as the node says that leads
         * it. Null when nobody is found who leads it; each node that does not answer is waited for.
         */
        @Nullable Composition composition(ShardGroup shard);

        /**
         * Has the node that a request names do what it says, and waits for that.
         *
         * @throws IOException if that node does not answer
         * @throws ClusterException if this one has not started yet, or stops
         */
        RaftClientReply ask(RaftClientRequest request) throws IOException;

        /**
         * Tells a node that somebody has chosen it to lead a shard; answers null when it knows,
         * else why it may not.
         */
        @Nullable String tellChosen(ShardGroup shard, RaftPeerId heir);

        /** Something to ask nodes by that are no members, and may not be at their address. */
        Forwarder newForwarder();
    }

    private final Leaders leaders;
    private final Caller caller;

    Members(Leaders leaders, Caller caller) {
        this.leaders = leaders;
        this.caller = caller;
    }

    private static int id(RaftPeer peer) {
        return Integer.parseInt(peer.getId().toString());
    }

    synchronized void add(ClusterPeer peer, boolean voting) {
        Map<ShardGroup, Composition> now = compositions();
        refuseOtherNames(peer, now.values());
        // Without Ratis's addresses for clients and for orders: it would connect there, and both
        // are served where the nodes are.
        RaftPeer built =
                RaftPeer.newBuilder()
                        .setId(ClusterSettings.peerId(peer.id()))
                        .setAddress(peer.address())
                        .setStartupRole(voting ? RaftPeerRole.FOLLOWER : RaftPeerRole.LISTENER)
                        .build();
        boolean member = now.values().stream().anyMatch(holders -> holders.isHeldBy(built.getId()));
        for (ShardGroup shard : shardsAt(peer, now.keySet(), member)) {
            if (voting && current(shard).learns(built.getId())) {
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

    /** Two ids at one address would count twice, and a node does not move. */
    private static void refuseOtherNames(ClusterPeer peer, Collection<Composition> now) {
        for (Composition holders : now) {
            for (RaftPeer other : holders.all()) {
                if (id(other) != peer.id() && other.getAddress().equals(peer.address())) {
                    throw new ClusterException(
                            "The address %s is node %s's; name the one of node %d."
                                    .formatted(peer.address(), other.getId(), peer.id()));
                }
                if (id(other) == peer.id() && !other.getAddress().equals(peer.address())) {
                    throw new ClusterException(
                            "Node %d is a member at %s, and cannot be one at %s; give the new node an id that was never used."
                                    .formatted(peer.id(), other.getAddress(), peer.address()));
                }
            }
        }
    }

    /**
     * The shards that the node keeps: all, but where it formed the cluster with others.
     *
     * @throws ClusterException if it does not answer there, or is another one
     */
    private List<ShardGroup> shardsAt(
            ClusterPeer peer, Collection<ShardGroup> shards, boolean member) {
        // A node that is being started answers a little later than its HTTP does.
        long deadline = System.nanoTime() + START.toNanos();
        while (true) {
            ClusterException refusal;
            try (Forwarder asking = leaders.newForwarder()) {
                asking.know(List.of(ClusterSettings.raftPeer(peer)));
                List<ShardGroup> kept = new ArrayList<>();
                ShardGroup unknown = null;
                for (ShardGroup shard : shards) {
                    if (keeps(peer, shard, asking, member)) {
                        kept.add(shard);
                    } else if (!member) {
                        unknown = shard;
                    }
                }
                if (unknown == null) {
                    return kept;
                }
                refusal =
                        new ClusterException(
                                "Node %d at %s does not know shard %d of this cluster; start it with keyval.cluster.join, and with the keyval.cluster.name and keyval.cluster.shards that the others have."
                                        .formatted(peer.id(), peer.address(), unknown.shard()));
            } catch (IOException e) {
                log.debug("Node {} was asked at {} who it is", peer.id(), peer.address(), e);
                refusal =
                        new ClusterException(
                                "Node %d does not answer at %s; start it with keyval.cluster.join first, or again if it was removed."
                                        .formatted(peer.id(), peer.address()));
            }
            if (System.nanoTime() - deadline >= 0) {
                throw refusal;
            }
            pause();
        }
    }

    private static boolean keeps(
            ClusterPeer peer, ShardGroup shard, Forwarder asking, boolean member)
            throws IOException {
        RaftPeerId id = ClusterSettings.peerId(peer.id());
        try {
            RoleInfoProto said = asking.info(id, shard.groupId()).getRoleInfoProto();
            String answered = said.getSelf().getId().toStringUtf8();
            if (!answered.equals(id.toString())) {
                throw new ClusterException(
                        "At %s node %s answers, not node %d; name the address of node %3$d."
                                .formatted(peer.address(), answered, peer.id()));
            }
            if (!member && said.getRole() == RaftPeerRole.LEADER) {
                throw new ClusterException(
                        "Node %d at %s leads a cluster of its own; start it with keyval.cluster.join and an empty data directory."
                                .formatted(peer.id(), peer.address()));
            }
            return true;
        } catch (GroupMismatchException e) {
            return false;
        }
    }

    synchronized void remove(int id) {
        RaftPeerId removed = ClusterSettings.peerId(id);
        Map<ShardGroup, Composition> concerned = compositions();
        concerned.values().removeIf(holders -> !holders.isHeldBy(removed));
        if (concerned.isEmpty()) {
            throw new ClusterException(
                    ClusterException.Kind.UNKNOWN,
                    "There is no node %d in this cluster.".formatted(id));
        }
        concerned.forEach(
                (shard, holders) -> {
                    if (holders.votes(removed) && holders.voters().size() == 1) {
                        throw new ClusterException(
                                "Node %d is the only one that votes in shard %d; add another one first."
                                        .formatted(id, shard.shard()));
                    }
                });
        for (ShardGroup shard : concerned.keySet()) {
            Composition holders = current(shard);
            if (removed.equals(holders.leader())) {
                holders.voters().stream()
                        .map(RaftPeer::getId)
                        .filter(other -> !other.equals(removed))
                        .findFirst()
                        .ifPresent(heir -> transfer(heir, shard));
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
        List<ShardGroup> asked =
                shards().stream().filter(each -> shard == null || shard == each.shard()).toList();
        if (asked.isEmpty()) {
            throw new ClusterException(
                    ClusterException.Kind.UNKNOWN, "There is no shard %d.".formatted(shard));
        }
        boolean known = false;
        boolean any = false;
        for (ShardGroup group : asked) {
            Composition holders = current(group);
            known |= holders.isHeldBy(heir);
            if (holders.votes(heir)) {
                any = true;
                transfer(heir, group);
                String failure = leaders.tellChosen(group, heir);
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
        if (!any) {
            throw new ClusterException(
                    known ? ClusterException.Kind.REFUSED : ClusterException.Kind.UNKNOWN,
                    "Node %d votes in no shard, so it can lead none.".formatted(id));
        }
    }

    private void transfer(RaftPeerId heir, ShardGroup shard) {
        ask(
                shard,
                now ->
                        now.leader().equals(heir)
                                ? null
                                : new TransferLeadershipRequest(
                                        caller.id(),
                                        now.leader(),
                                        shard.groupId(),
                                        caller.nextCall(),
                                        heir,
                                        TRANSFER.toMillis()));
    }

    private List<ShardGroup> shards() {
        List<ShardGroup> shards = leaders.groups();
        if (shards.isEmpty()) {
            throw new ClusterException(
                    ClusterException.Kind.UNAVAILABLE, "This node has not started yet, or stops.");
        }
        return shards;
    }

    /** Who holds each shard, in the order of the shards. */
    private Map<ShardGroup, Composition> compositions() {
        Map<ShardGroup, Composition> all = new LinkedHashMap<>();
        shards().forEach(shard -> all.put(shard, current(shard)));
        return all;
    }

    /** Who holds a shard; waits until somebody leads it. */
    private Composition current(ShardGroup shard) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() - deadline < 0) {
            Composition now = leaders.composition(shard);
            if (now != null) {
                return now;
            }
            pause();
        }
        throw new ClusterException(
                ClusterException.Kind.UNAVAILABLE, failed(shard, "no leader is known"));
    }

    private static String failed(ShardGroup shard, String reason) {
        return "The leader of shard %d could not do it: %s.".formatted(shard.shard(), reason);
    }

    private interface Change {
        void make(List<RaftPeer> voters, List<RaftPeer> learners);
    }

    private void change(ShardGroup shard, Change change) {
        ask(
                shard,
                now -> {
                    List<RaftPeer> voters = new ArrayList<>(now.voters());
                    List<RaftPeer> learners = new ArrayList<>(now.learners());
                    change.make(voters, learners);
                    return new SetConfigurationRequest(
                            caller.id(),
                            now.leader(),
                            shard.groupId(),
                            caller.nextCall(),
                            SetConfigurationRequest.Arguments.newBuilder()
                                    .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                                    .setServersInCurrentConf(now.voters())
                                    .setListenersInCurrentConf(now.learners())
                                    .setServersInNewConf(voters)
                                    .setListenersInNewConf(learners)
                                    .build());
                });
    }

    /** Asks the leader of a shard, whoever it is, until it has done what it was asked. */
    private void ask(ShardGroup shard, Function<Composition, @Nullable RaftClientRequest> request) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        String reason = "no leader is known";
        while (System.nanoTime() - deadline < 0) {
            Composition now = leaders.composition(shard);
            if (now != null) {
                RaftClientRequest asked = request.apply(now);
                if (asked == null) {
                    return;
                }
                try {
                    RaftClientReply reply = leaders.ask(asked);
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
                failed(shard, reason));
    }

    private static boolean passes(Throwable failure) {
        return failure instanceof NotLeaderException
                || failure instanceof LeaderNotReadyException
                || failure instanceof LeaderSteppingDownException
                || failure instanceof ReconfigurationInProgressException
                // It goes on; whoever asks again is told so, until it is done.
                || failure instanceof TimeoutIOException
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
