package io.keyval.server;

import io.keyval.protocol.FollowerGate;
import io.keyval.protocol.HandshakeError;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the handshakes of all connections share. Thread-safe. */
final class Admissions {

    private static final Logger log = LoggerFactory.getLogger(Admissions.class);

    private final OccasionalLog refusals = new OccasionalLog(log);
    private final AtomicInteger clients = new AtomicInteger();
    private final int maxLine;
    private final Duration idleTimeout;
    private final Supplier<@Nullable FollowerGate> gate;

    Admissions(int maxLine, Duration idleTimeout, Supplier<@Nullable FollowerGate> gate) {
        this.maxLine = maxLine;
        this.idleTimeout = idleTimeout;
        this.gate = gate;
    }

    /** The longest line of a client that is read to its end. */
    int maxLine() {
        return maxLine;
    }

    Duration idleTimeout() {
        return idleTimeout;
    }

    /** Who decides about followers, or null when none is admitted. */
    @Nullable FollowerGate gate() {
        return gate.get();
    }

    void clientCame() {
        clients.incrementAndGet();
    }

    void clientWent() {
        clients.decrementAndGet();
    }

    /** Clients that said HELLO and are still there. */
    int clients() {
        return clients.get();
    }

    void followerRefused(int id, String address, HandshakeError error) {
        refusals.warn("Follower %d at %s is refused: %s".formatted(id, address, error));
    }
}
