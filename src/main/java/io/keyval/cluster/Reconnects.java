package io.keyval.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;

/**
 * Has the connections between this node's Raft server and others opened anew where they may be
 * stuck. Where packets were lost or refused for a while, TCP (RFC 6298, section 5.5) and gRPC (its
 * connection backoff) double the time until they try again, up to two minutes, and so may leave
 * nodes without each other, and a shard without a leader, for as long again as the network was cut.
 * A new connection is there as soon as the network is. For one thread, which looks often.
 */
final class Reconnects {

    /** How many election timeouts a node may count as silent. */
    private static final int STUCK = 4;

    /**
     * How long a node that follows may answer nothing before it counts as silent: while it takes
     * over a snapshot, Ratis waits 3 s for each of the {@link Bounds#CHUNKS}.
     */
    private static final Duration FOLLOWING = Duration.ofSeconds(7);

    private final List<ShardGroup> shards;
    private final RaftPeerId self;
    private final Consumer<RaftPeerId> opener;
    private final long longestSilence;
    private final long patience;

    /**
     * Nodes that do not answer, each with when its connection was last new, or it last answered.
     */
    private final Map<RaftPeerId, Long> missed = new HashMap<>();

    /**
     * Has nothing opened yet.
     *
     * @param shards of this node
     * @param opener opens the connection to a node anew; closing the old one may take seconds
     */
    Reconnects(
            List<ShardGroup> shards,
            RaftPeerId self,
            Duration electionTimeout,
            Consumer<RaftPeerId> opener) {
        this.shards = shards;
        this.self = self;
        this.opener = opener;
        this.longestSilence = Math.max(electionTimeout.toMillis(), FOLLOWING.toMillis());
        this.patience = electionTimeout.multipliedBy(STUCK).toNanos();
    }

    /** Looks who answers, and waits for nobody. */
    void look() {
        for (RaftPeerId node : due(silent(), System.nanoTime())) {
            Thread.ofVirtual().name("keyval-reconnect-" + node).start(() -> opener.accept(node));
        }
    }

    /**
     * The nodes that should answer this one for some shard, and do so for none: those that follow
     * it should, and while there is no leader all of them.
     */
    private Set<RaftPeerId> silent() {
        Set<RaftPeerId> heard = new HashSet<>();
        Set<RaftPeerId> silent = new HashSet<>();
        for (ShardGroup shard : shards) {
            RaftServer.Division here = shard.division();
            if (here == null || !shard.isAlive() || shard.isRemoved()) {
                continue;
            }
            if (here.getInfo().isLeader()) {
                for (ServerRpcProto follower :
                        here.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList()) {
                    RaftPeerId id = RaftPeerId.valueOf(follower.getId().getId());
                    (follower.getLastRpcElapsedTimeMs() <= longestSilence ? heard : silent).add(id);
                }
            } else if (here.getInfo().getLeaderId() == null) {
                shard.holders().voters().forEach(peer -> silent.add(peer.getId()));
            }
        }
        silent.remove(self);
        silent.removeAll(heard);
        return silent;
    }

    /**
     * The nodes that have not answered for so long, each once in that time.
     *
     * @param silent all nodes that should answer at the moment, and do not
     * @param now the time, in nanoseconds as of {@link System#nanoTime}
     */
    List<RaftPeerId> due(Set<RaftPeerId> silent, long now) {
        missed.keySet().retainAll(silent);
        List<RaftPeerId> due = new ArrayList<>();
        for (RaftPeerId node : silent) {
            Long since = missed.putIfAbsent(node, now);
            if (since != null && now - since >= patience) {
                missed.put(node, now);
                due.add(node);
            }
        }
        return due;
    }
}
