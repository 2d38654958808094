package io.keyval.server;

import io.keyval.protocol.FollowerGate;
import io.keyval.protocol.HandshakeError;
import java.security.MessageDigest;
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
    private final OccasionalLog clientRefusals = new OccasionalLog(log);
    private final AtomicInteger clients = new AtomicInteger();
    private final int maxLine;
    private final Duration idleTimeout;
    private final byte @Nullable [] clientSecret;
    private final Supplier<@Nullable FollowerGate> gate;

    /**
     * @param clientSecret what clients have to show; null when they have to show nothing
     */
    Admissions(
            int maxLine,
            Duration idleTimeout,
            byte @Nullable [] clientSecret,
            Supplier<@Nullable FollowerGate> gate) {
        this.maxLine = maxLine;
        this.idleTimeout = idleTimeout;
        this.clientSecret = clientSecret;
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

    /** Whether a client that shows nothing may come in; null, or why it may not. */
    @Nullable HandshakeError admitClient() {
        return clientSecret == null ? null : HandshakeError.INVALID_SECRET_KEY;
    }

    /**
     * Whether a client that shows a secret may come in; null, or why it may not. How long the
     * answer takes tells nothing of the right secret.
     */
    @Nullable HandshakeError admitClient(byte[] secret) {
        if (clientSecret == null) {
            return HandshakeError.INVALID_HANDSHAKE_MESSAGE;
        }
        return MessageDigest.isEqual(clientSecret, secret)
                ? null
                : HandshakeError.INVALID_SECRET_KEY;
    }

    void clientRefused(String address, HandshakeError error) {
        clientRefusals.warn("A client at %s is refused: %s".formatted(address, error));
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
