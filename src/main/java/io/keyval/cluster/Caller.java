package io.keyval.cluster;

import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;

/**
 * This process as it gives orders to Raft servers: by an id of its own, and each order by the next
 * number. Thread-safe.
 */
final class Caller {

    private final ClientId id = ClientId.randomId();
    private final AtomicLong calls = new AtomicLong();

    ClientId id() {
        return id;
    }

    /** The number of one more order. */
    long nextCall() {
        return calls.incrementAndGet();
    }
}
