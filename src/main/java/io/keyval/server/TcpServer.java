package io.keyval.server;

import io.keyval.protocol.FollowerGate;
import io.keyval.store.Store;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.integration.ip.tcp.inbound.TcpReceivingChannelAdapter;

/**
 * The life of the port for clients and followers.
 *
 * <p>Opens it after the store has started. Stops by closing the port, answering what clients have
 * sent, closing their connections and then the followers', before the store stops; a client that
 * does not take its replies is cut off after five seconds.
 */
public final class TcpServer implements SmartLifecycle {

    /** What has to be there before clients come starts below this phase, and stops after it. */
    public static final int PHASE = Store.PHASE + 2000;

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long STEP = Duration.ofMillis(5).toNanos();

    private static final Logger log = LoggerFactory.getLogger(TcpServer.class);

    private final PeerConnectionFactory connections;
    private final TcpReceivingChannelAdapter inbound;
    private final Admissions admissions;

    private volatile boolean running;

    TcpServer(
            PeerConnectionFactory connections,
            TcpReceivingChannelAdapter inbound,
            Admissions admissions) {
        this.connections = connections;
        this.inbound = inbound;
        this.admissions = admissions;
    }

    /** The port that is open; while it is not, the one in the settings. */
    public int port() {
        return connections.getPort();
    }

    /** Clients that said HELLO and are still there. */
    public int clients() {
        return admissions.clients();
    }

    /**
     * Opens the port.
     *
     * @throws PortUnavailableException if it cannot be opened
     */
    @Override
    public void start() {
        inbound.start();
        running = true;
        log.info(
                "Listening for clients{} on port {}",
                admissions.gate() == null ? "" : " and followers",
                port());
    }

    @Override
    public void stop() {
        connections.stopAccepting();
        List<PeerConnection> clients = connections.openConnections();
        clients.forEach(PeerConnection::endRequests);
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (clients.stream().anyMatch(c -> c.isOpen() && !c.isFollower())
                && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(STEP);
        }
        FollowerGate gate = admissions.gate();
        if (gate != null) {
            gate.closing();
        }
        inbound.stop();
        running = false;
        log.info("Closed the port and all connections");
    }

    @Override
    public void stop(Runnable callback) {
        Thread.ofVirtual()
                .name("server-stop")
                .start(
                        () -> {
                            try {
                                stop();
                            } finally {
                                callback.run();
                            }
                        });
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
