package io.keyval.cluster;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands over the shards that this node leads: to the nodes that had best lead them, so that the
 * work is spread, and to the nearest ones before it stops.
 */
final class Leadership {

    private static final Logger log = LoggerFactory.getLogger(RaftNode.class);

    private static final Duration HAND_OVER = Duration.ofSeconds(3);

    /** How long a node leads a shard that another one had best lead. */
    private static final Duration CALM = Duration.ofSeconds(30);

    /** Entries that a node may lack and take the lead. */
    private static final long CLOSE = 100;

    private final ClusterSettings settings;
    private final RaftServer server;
    private final Caller caller;
    private final Forwarder sender;

    /** For the thread that spreads; a {@link System#nanoTime}. */
    private long nextSpread = System.nanoTime();

    Leadership(ClusterSettings settings, RaftServer server, Caller caller, Forwarder sender) {
        this.settings = settings;
        this.server = server;
        this.caller = caller;
        this.sender = sender;
    }

    /**
     * Gives a shard to the node that had best lead it: one at a time, and not soon again. For one
     * thread, which calls this often.
     */
    void spread(List<ShardGroup> shards) {
        if (settings.shards() == 1 || System.nanoTime() - nextSpread < 0) {
            return;
        }
        for (ShardGroup shard : shards) {
            int best = settings.holders(shard.shard()).getFirst();
            if (best != settings.id()
                    && shard.leadsHere()
                    && !shard.isChosen()
                    && isDue(
                            ShardView.of(shard), best, Instant.now(), settings.electionTimeout())) {
                nextSpread = System.nanoTime() + CALM.toNanos();
                handOver(shard, ClusterSettings.peerId(best));
                return;
            }
        }
    }

    /**
     * Whether this node has led a shard for long enough, and the one that had best lead it can.
     *
     * @param led the shard, as this node sees it, which leads it
     * @param best the id of the node that had best lead it
     * @param silence the longest for which that one may not have been heard
     */
    static boolean isDue(ClusterView.Group led, int best, Instant now, Duration silence) {
        Instant since = led.leaderSince();
        return since != null
                && since.plus(CALM).isBefore(now)
                && led.peers().stream()
                        .anyMatch(peer -> peer.id() == best && isClose(peer, silence));
    }

    private static boolean isClose(ClusterView.PeerState peer, Duration longest) {
        Long lag = peer.lag();
        Long silence = peer.silentMillis();
        return peer.voting()
                && lag != null
                && lag <= CLOSE
                && silence != null
                && silence <= longest.toMillis();
    }

    /** Has the node that is nearest lead in this one's place; waits for it a few seconds. */
    void handOver(ShardGroup shard) {
        RaftServer.Division division = shard.division();
        if (division == null || !division.getInfo().isLeader()) {
            return;
        }
        RaftPeerId heir = nearest(division, settings.electionTimeout().toMillis());
        if (heir != null) {
            handOver(shard, heir);
        }
    }

    private void handOver(ShardGroup shard, RaftPeerId heir) {
        try {
            RaftClientReply reply =
                    server.transferLeadershipAsync(
                                    new TransferLeadershipRequest(
                                            caller.id(),
                                            server.getId(),
                                            shard.groupId(),
                                            caller.nextCall(),
                                            heir,
                                            HAND_OVER.toMillis()))
                            .get(HAND_OVER.toMillis() + 500, TimeUnit.MILLISECONDS);
            log.info(
                    "Shard {}: {}",
                    shard.shard(),
                    reply.isSuccess()
                            ? "node %s leads in the place of this one".formatted(heir)
                            : "leadership could not be handed over, so the others will choose");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | ExecutionException | TimeoutException | CompletionException e) {
            log.info("Shard {}: leadership could not be handed over", shard.shard());
        }
    }

    private static @Nullable RaftPeerId nearest(RaftServer.Division division, long longestSilence) {
        RoleInfoProto role = division.getInfo().getRoleInfoProto();
        long[] matched = division.getInfo().getFollowerMatchIndices();
        List<ServerRpcProto> followers = role.getLeaderInfo().getFollowerInfoList();
        if (matched == null || matched.length != followers.size()) {
            return null;
        }
        RaftPeerId best = null;
        long bestMatch = -1;
        for (int i = 0; i < matched.length; i++) {
            RaftPeerId id = RaftPeerId.valueOf(followers.get(i).getId().getId());
            boolean awake = followers.get(i).getLastRpcElapsedTimeMs() <= longestSilence;
            if (awake && Holders.votes(division, id) && matched[i] > bestMatch) {
                best = id;
                bestMatch = matched[i];
            }
        }
        return best;
    }

    /** Tells a node that somebody has chosen it to lead a shard; null tells that it knows. */
    @Nullable String tellChosen(ShardGroup shard, RaftPeerId heir) {
        if (heir.equals(ClusterSettings.peerId(settings.id()))) {
            shard.choose();
            return null;
        }
        try {
            sender.send(heir.toString(), shard.groupId(), ForwardCodec.chosen())
                    .get(1, TimeUnit.SECONDS);
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        } catch (ExecutionException | TimeoutException e) {
            return ClusterException.reason(e);
        }
    }
}
