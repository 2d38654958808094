package io.keyval.server;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server socket whose {@link #accept} gives only connections there is room for, and fails only
 * when the socket is closed: running out of file descriptors is a pause, not an end.
 */
final class PeerServerSocket extends ServerSocket {

    private static final long PAUSE = Duration.ofMillis(50).toNanos();

    private static final Logger log = LoggerFactory.getLogger(PeerServerSocket.class);

    private final OccasionalLog failures = new OccasionalLog(log);
    private final BooleanSupplier full;
    private final Runnable refused;

    /**
     * An unbound socket.
     *
     * @param full whether the next connection is one too many
     * @param refused told after one was
     */
    PeerServerSocket(BooleanSupplier full, Runnable refused) throws IOException {
        this.full = full;
        this.refused = refused;
    }

    @Override
    public Socket accept() throws IOException {
        while (true) {
            Socket socket;
            try {
                socket = super.accept();
            } catch (IOException e) {
                if (isClosed()) {
                    throw e;
                }
                failures.warn("Cannot accept connections for the moment: " + e.getMessage());
                LockSupport.parkNanos(PAUSE);
                continue;
            }
            if (!full.getAsBoolean()) {
                return socket;
            }
            refuse(socket);
        }
    }

    private void refuse(Socket socket) {
        try (socket) {
            socket.shutdownOutput();
            socket.getInputStream().skip(socket.getInputStream().available());
        } catch (IOException e) {
            log.debug("A refused connection was gone already: {}", e.getMessage());
        }
        refused.run();
    }
}
