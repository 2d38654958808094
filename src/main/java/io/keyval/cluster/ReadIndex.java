package io.keyval.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers reads of a shard from the memory of the node that leads it, as soon as a majority has
 * said that it still does: linearizable, without clocks, and without waiting for a disk.
 *
 * <p>A round asks all who vote whether they are in the term of the leader, for all reads that have
 * arrived by then; the next ones wait for the next round. What was acknowledged before the round
 * began was executed here before, unless a later leader acknowledged it. That one was chosen by a
 * majority which has been in a later term since, so that no majority can say it is in this one.
 * This is the read index of Raft (Ongaro, "Consensus: Bridging Theory and Practice", 6.4), without
 * an index: a leader that acknowledges nothing before it has executed it has nothing to wait for.
 *
 * <p>Reads whose round finds no majority take the way through the log. Thread-safe; never blocks.
 */
final class ReadIndex {

    /** The shard whose reads these are. */
    interface Shard {

        /** This node as the leader of the moment; null when it does not lead, or not yet. */
        @Nullable Reign reign();

        /** Asks another node whether it is in a term. */
        CompletableFuture<Boolean> isIn(long term, String node);

        /** Has a part executed by way of the log. */
        void log(Part part);
    }

    /**
     * A node that leads.
     *
     * @param term in which it does, and is itself
     * @param self its id
     * @param voters who decide that, as it knows
     * @param memory what it has executed
     */
    record Reign(long term, String self, Voters voters, Memory memory) {}

    /** What a node has executed. Thread-safe. */
    interface Memory {

        /**
         * Answers a part; false, and the part not answered, when that is not there any more, or has
         * something of a later term in it.
         */
        boolean answer(Part part);
    }

    /**
     * The ids of those who vote.
     *
     * @param previous who voted before, while members change; else empty. Where there are some, it
     *     takes a majority of them, too
     */
    record Voters(Set<String> current, Set<String> previous) {

        Set<String> all() {
            Set<String> all = new HashSet<>(current);
            all.addAll(previous);
            return all;
        }

        /** Whether some of them are enough to decide. */
        boolean areDecidedBy(Set<String> some) {
            return isMajority(some, current) && (previous.isEmpty() || isMajority(some, previous));
        }

        private static boolean isMajority(Set<String> some, Set<String> voters) {
            return 2 * voters.stream().filter(some::contains).count() > voters.size();
        }
    }

    private static final Logger log = LoggerFactory.getLogger(ShardGroup.class);

    /** Rounds under way at once. */
    private static final int ROUNDS = 2;

    /** Questions that a node may leave open before it is asked nothing more. */
    private static final int MOST_OPEN = 16;

    /** For how many nanoseconds a node is asked nothing that could not be asked. */
    private static final long REST = Duration.ofMillis(500).toNanos();

    /**
     * Likewise, when the shard is closed there: a question about it ends those about other shards.
     */
    private static final long CLOSED_REST = Duration.ofSeconds(5).toNanos();

    private final Shard shard;
    private final Map<String, Voter> others = new ConcurrentHashMap<>();
    private final long patience;
    private final Queue<Part> waiting = new ConcurrentLinkedQueue<>();
    private final Semaphore rounds = new Semaphore(ROUNDS);

    /**
     * For the reads of a shard.
     *
     * @param patience how long a majority may take, before the log is asked
     */
    ReadIndex(Shard shard, Duration patience) {
        this.shard = shard;
        this.patience = patience.toMillis();
    }

    /** Has a part without writes answered. */
    void add(Part part) {
        waiting.add(part);
        begin();
    }

    private void begin() {
        while (!waiting.isEmpty() && rounds.tryAcquire()) {
            // What a leader knows counts only for what had arrived before it was asked.
            List<Part> parts = gather();
            Reign reign = reign();
            CompletableFuture<Boolean> decided =
                    reign == null
                            ? CompletableFuture.completedFuture(false)
                            : new Round(reign).decide();
            if (decided.isDone()) {
                rounds.release();
                end(parts, reign, decided.join());
            } else {
                decided.completeOnTimeout(false, patience, TimeUnit.MILLISECONDS)
                        .thenAccept(
                                leads -> {
                                    rounds.release();
                                    begin();
                                    end(parts, reign, leads);
                                });
            }
        }
    }

    private @Nullable Reign reign() {
        try {
            return shard.reign();
        } catch (RuntimeException e) {
            log.debug("This node has just ceased to lead", e);
            return null;
        }
    }

    private List<Part> gather() {
        List<Part> parts = new ArrayList<>();
        for (Part part = waiting.poll(); part != null; part = waiting.poll()) {
            parts.add(part);
        }
        return parts;
    }

    private void end(List<Part> parts, @Nullable Reign reign, boolean leads) {
        for (Part part : parts) {
            if (!leads || reign == null || !answered(part, reign)) {
                shard.log(part);
            }
        }
    }

    private static boolean answered(Part part, Reign reign) {
        try {
            return reign.memory().answer(part);
        } catch (RuntimeException e) {
            log.warn("Reads go through the log, for they could not be answered", e);
            return false;
        }
    }

    /** What is known of another node that votes. */
    private static final class Voter {

        private final AtomicInteger open = new AtomicInteger();

        /** A {@link System#nanoTime}. */
        private volatile long resting = System.nanoTime();

        /** Whether it is of use to ask it. */
        boolean isThere() {
            return open.get() < MOST_OPEN && resting - System.nanoTime() <= 0;
        }

        void asked() {
            open.incrementAndGet();
        }

        void heard(@Nullable Throwable failure) {
            open.decrementAndGet();
            if (failure != null) {
                resting =
                        System.nanoTime() + (Forwarder.isClosedThere(failure) ? CLOSED_REST : REST);
            }
        }
    }

    /** Asks all who vote whether the leader leads. */
    private final class Round {

        private final Reign reign;
        private final CompletableFuture<Boolean> decided = new CompletableFuture<>();
        private final Set<String> agreed = new HashSet<>();
        private int unheard;

        Round(Reign reign) {
            this.reign = reign;
        }

        /** Completes with whether they say so, as soon as that is certain. */
        CompletableFuture<Boolean> decide() {
            Set<String> voters = reign.voters().all();
            unheard = voters.size();
            voters.forEach(this::ask);
            return decided;
        }

        private void ask(String node) {
            if (node.equals(reign.self())) {
                heard(node, true);
                return;
            }
            Voter voter = others.computeIfAbsent(node, _ -> new Voter());
            if (!voter.isThere()) {
                heard(node, false);
                return;
            }
            voter.asked();
            isIn(node)
                    .whenComplete(
                            (agrees, failed) -> {
                                voter.heard(failed);
                                heard(node, failed == null && agrees);
                            });
        }

        private CompletableFuture<Boolean> isIn(String node) {
            try {
                return shard.isIn(reign.term(), node);
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        private void heard(String node, boolean agrees) {
            boolean enough;
            boolean all;
            synchronized (this) {
                unheard--;
                if (agrees) {
                    agreed.add(node);
                }
                enough = reign.voters().areDecidedBy(agreed);
                all = unheard == 0;
            }
            if (enough || all) {
                decided.complete(enough);
            }
        }
    }
}
