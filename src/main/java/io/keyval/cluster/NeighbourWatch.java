package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the other nodes who they are. Says when one does not answer any more; ends this node's part
 * in the cluster where the word of another one shows that it must not take part. For one thread at
 * a time.
 */
final class NeighbourWatch {

    private static final Logger log = LoggerFactory.getLogger(RaftNode.class);

    /** How often they are asked. */
    static final Duration PERIOD = Duration.ofSeconds(3);

    /** Questions without an answer after which a node is said to be away. */
    private static final int SILENCE = 2;

    /** How many times as many of them it takes while a node has never answered. */
    private static final int STARTING = 10;

    /** How long a node may take to answer for the first time until it is said to be away. */
    static final Duration FIRST_ANSWER = PERIOD.multipliedBy(STARTING * SILENCE);

    /** How long a node that starts for the first time waits for the word of each other one. */
    private static final Duration FIRST_WORD = Duration.ofSeconds(5);

    private final ClusterSettings settings;
    private final List<ShardGroup> shards;
    private final KnownNodes nodes;
    private final Neighbours known;
    private final Forwarder sender;
    private final Forwarder commands;
    private final BooleanSupplier stopping;

    /** Questions that nodes have not answered, one behind the other. */
    private final Map<Integer, Integer> silent = new HashMap<>();

    private final Set<Integer> heardOnce = new HashSet<>();

    /** Nodes that formed the cluster with this one, as they have said. */
    private final Set<Integer> agreed = new HashSet<>();

    private boolean forming;

    /**
     * A watch that has asked nobody yet.
     *
     * @param shards of this node, at least one
     * @param sender of the questions, and of nothing whose loss would matter
     * @param commands sends to the same nodes what clients ask, over connections of its own
     * @param stopping whether the node stops, and nothing is said any more
     */
    NeighbourWatch(
            ClusterSettings settings,
            List<ShardGroup> shards,
            KnownNodes nodes,
            Neighbours known,
            Forwarder sender,
            Forwarder commands,
            BooleanSupplier stopping) {
        this.settings = settings;
        this.shards = shards;
        this.nodes = nodes;
        this.known = known;
        this.sender = sender;
        this.commands = commands;
        this.stopping = stopping;
    }

    /**
     * Hears, when this node starts for the first time, what each other one says, before this one
     * takes part.
     *
     * @throws ClusterException if it must not, by the word of one of them
     */
    void hearBeforeForming() {
        forming = true;
        for (ClusterPeer peer : settings.peers()) {
            Neighbours.Word word = peer.id() == settings.id() ? null : firstWord(peer);
            String reason = word == null ? null : against(word, true);
            if (reason != null) {
                throw new ClusterException(reason);
            }
        }
    }

    private Neighbours.@Nullable Word firstWord(ClusterPeer peer) {
        ShardGroup any = shards.getFirst();
        try {
            return known.heard(
                    sender.send(Integer.toString(peer.id()), any.groupId(), known.question())
                            .get(FIRST_WORD.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException | TimeoutException | ClusterException e) {
            // It is not there, or has not started, or does not hold this shard.
            return null;
        }
    }

    /**
     * Why this node must not take part, going by the word of another one; null when it may.
     *
     * @param undecided whether the two have not agreed yet on who forms the cluster
     */
    private @Nullable String against(Neighbours.Word word, boolean undecided) {
        if (!known.isKnownTo(word)) {
            // It would vote again, and lose what it had agreed to.
            return "Node %1$d is a member of the cluster %2$s with data that is not in %3$s; start it with its data, or remove node %1$d from the cluster and start this one with keyval.cluster.join and an id that was never used."
                    .formatted(settings.id(), settings.name(), settings.dataDir().toAbsolutePath());
        }
        if (undecided && !known.agreesWith(word)) {
            // Each list could elect a leader of its own.
            return "Node %d has other nodes in its keyval.cluster.peers, %s, than this one; set the same on all nodes that form the cluster, or keyval.cluster.join on those that come later, and begin with an empty data directory."
                    .formatted(word.id(), word.founders());
        }
        return null;
    }

    /** Asks all of them once, and forgets those that are no members any more. */
    void askAll() throws InterruptedException {
        List<ClusterView.Node> all = nodes.all();
        for (ClusterView.Node node : all) {
            if (node.id() != settings.id()) {
                ask(node.id());
            }
        }
        if (shards.stream().allMatch(shard -> shard.holders().areKnown())) {
            for (int id : known.known()) {
                if (all.stream().noneMatch(node -> node.id() == id)) {
                    known.forget(id);
                }
            }
        }
    }

    /** Asks a node about every shard that it holds, until it does not answer. */
    private void ask(int id) throws InterruptedException {
        for (ShardGroup shard : shards) {
            if (stopping.getAsBoolean() || !shard.holders().include(id)) {
                continue;
            }
            try {
                Neighbours.Word word =
                        known.heard(
                                sender.send(Integer.toString(id), shard.groupId(), known.question())
                                        .get(1, TimeUnit.SECONDS));
                String reason = against(word, forming && !agreed.contains(word.id()));
                if (reason != null) {
                    shards.stream()
                            .filter(each -> each.machine() != null)
                            .forEach(each -> each.failed(reason));
                    return;
                }
                agreed.add(word.id());
                heard(id);
                if (word.member() != null) {
                    shard.heard(word.member());
                }
            } catch (ExecutionException | TimeoutException | ClusterException e) {
                log.debug("Node {} did not say who it is", id, e);
                if (notHeard(id, e) >= SILENCE && e instanceof TimeoutException) {
                    sender.reconnect(ClusterSettings.peerId(id), PERIOD);
                    commands.reconnect(ClusterSettings.peerId(id), PERIOD);
                }
                return;
            }
        }
    }

    private void heard(int id) {
        boolean before = !heardOnce.add(id);
        Integer missed = silent.remove(id);
        if (before && missed != null && missed >= SILENCE) {
            log.info("Node {} answers again", id);
        }
    }

    /**
     * Counts that a node did not answer, and returns how often it did not, one behind the other.
     */
    private int notHeard(int id, Exception cause) {
        // Nodes that are started together are not there all at once.
        int most = heardOnce.contains(id) ? SILENCE : STARTING * SILENCE;
        int missed = silent.merge(id, 1, Integer::sum);
        if (missed == most && !stopping.getAsBoolean()) {
            log.warn(
                    "Node {} cannot be reached: {}",
                    id,
                    cause instanceof TimeoutException
                            ? "it does not answer"
                            : ClusterException.reason(cause));
        }
        return missed;
    }
}
