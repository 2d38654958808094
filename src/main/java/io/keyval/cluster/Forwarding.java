package io.keyval.cluster;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.LongAdder;
import org.apache.ratis.protocol.RaftGroupId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the entries of a shard to the node that leads it, ends their parts as that answers, and
 * keeps in mind what it says of who leads. Thread-safe; never blocks.
 */
final class Forwarding {

    private static final Logger log = LoggerFactory.getLogger(ShardGroup.class);

    private final int shard;
    private final RaftGroupId groupId;
    private final Forwarder forwarder;
    private final Batcher batcher;
    private final KnownLeader leader;
    private final LongAdder commands = new LongAdder();

    Forwarding(
            int shard,
            RaftGroupId groupId,
            Forwarder forwarder,
            Batcher batcher,
            KnownLeader leader) {
        this.shard = shard;
        this.groupId = groupId;
        this.forwarder = forwarder;
        this.batcher = batcher;
        this.leader = leader;
    }

    /** Commands that were sent to another node. */
    long commands() {
        return commands.sum();
    }

    /** Sends an entry to a node. What comes of it is told to the batcher. */
    void send(Entry entry, String node) {
        commands.add(entry.commands());
        long millis = Duration.ofNanos(entry.deadline() - System.nanoTime()).toMillis();
        forwarder
                .send(node, groupId, ForwardCodec.request(entry.parts(), millis))
                .whenComplete(
                        (answer, failed) -> {
                            if (failed == null) {
                                answered(entry, answer);
                            } else {
                                notAnswered(entry, node, failed);
                            }
                        });
    }

    private void notAnswered(Entry entry, String node, Throwable failed) {
        log.debug("Shard {}: node {} did not answer", shard, node, failed);
        leader.forget();
        if (Forwarder.isClosedThere(failed)) {
            leader.isClosedAt(node, System.nanoTime());
        }
        Throwable cause =
                failed instanceof CompletionException && failed.getCause() != null
                        ? failed.getCause()
                        : failed;
        if (cause instanceof Forwarder.NotSentException) {
            batcher.returned(entry);
        } else {
            batcher.pause();
            batcher.unknown(entry);
        }
    }

    private void answered(Entry entry, ByteBuffer answer) {
        List<Outcome> outcomes;
        try {
            outcomes = ForwardCodec.readAnswer(answer);
        } catch (ClusterException e) {
            log.warn("Shard {}: {}", shard, e.getMessage());
            batcher.unknown(entry);
            return;
        }
        if (outcomes.size() != entry.parts().size()) {
            batcher.unknown(entry);
            return;
        }
        if (entry.decide(Entry.Fate.APPLIED)) {
            for (int i = 0; i < outcomes.size(); i++) {
                distribute(entry.parts().get(i), outcomes.get(i));
            }
        }
        batcher.applied(entry);
    }

    private void distribute(Part part, Outcome outcome) {
        switch (outcome) {
            case Outcome.Answered answered -> {
                leader.accepted();
                part.end(answered);
            }
            case Outcome.NotLeader(String known) -> {
                leader.refused();
                leader.told(known);
                batcher.pause();
                batcher.sendAgain(part);
            }
            case Outcome.Late _ -> {
                batcher.pause();
                batcher.sendAgain(part);
            }
            case Outcome.Unknown _ -> batcher.giveUp(part);
        }
    }
}
