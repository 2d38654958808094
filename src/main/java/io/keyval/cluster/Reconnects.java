package io.keyval.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.ratis.protocol.RaftPeerId;

/**
 * Says which connections to other nodes are to be opened anew. Where packets were lost or refused
 * for a while, TCP (RFC 6298, section 5.5) and gRPC (its connection backoff) double the time until
 * they try again, up to two minutes, and so may leave nodes without each other, and a shard without
 * a leader, for as long again as the network was cut. A new connection is there as soon as the
 * network is. For one thread.
 */
final class Reconnects {

    private final long patience;

    /**
     * Nodes that do not answer, each with when its connection was last new, or it last answered.
     */
    private final Map<RaftPeerId, Long> missed = new HashMap<>();

    /**
     * Nothing to open yet.
     *
     * @param patience for how long a node may not answer
     */
    Reconnects(Duration patience) {
        this.patience = patience.toNanos();
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
