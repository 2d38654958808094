package io.keyval.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.integration.ip.tcp.connection.TcpConnectionInterceptorSupport;
import org.springframework.integration.ip.tcp.connection.TcpConnectionSupport;
import org.springframework.integration.ip.tcp.connection.TcpNetServerConnectionFactory;

/**
 * Spring Integration's net factory, on a virtual thread a connection, with what a server that is
 * left alone needs: {@link #start} fails if the port cannot be opened, accepting survives whatever
 * accepting throws, connections are bounded in number and forgotten when they close.
 */
final class PeerConnectionFactory extends TcpNetServerConnectionFactory {

    private static final Logger log = LoggerFactory.getLogger(PeerConnectionFactory.class);
    private static final int BACKLOG = 4096;

    private final int maxConnections;
    private final Runnable refused;

    private volatile @Nullable ServerSocket bound;

    /**
     * A factory that is not yet started.
     *
     * @param refused told about each connection that was one too many
     */
    PeerConnectionFactory(
            int port,
            int maxConnections,
            Duration handshakeTimeout,
            InputBudget budget,
            Runnable refused) {
        super(port);
        this.maxConnections = maxConnections;
        this.refused = refused;
        Thread.Builder threads = Thread.ofVirtual().name("connection-", 0);
        setTaskExecutor(threads::start);
        setBacklog(BACKLOG);
        setSoTcpNoDelay(true);
        setSoKeepAlive(true);
        setMapper(new PeerMessageMapper());
        setSerializer(Frames.AS_IT_IS);
        setDeserializer(Frames.HELLO);
        setTcpNetConnectionSupport(
                (socket, server, lookupHost, events, name) ->
                        new PeerConnection(
                                socket,
                                getApplicationEventPublisher(),
                                name,
                                handshakeTimeout,
                                budget,
                                closed -> connections.remove(closed.getConnectionId())));
    }

    /**
     * Opens the port and begins to accept.
     *
     * @throws PortUnavailableException if the port cannot be opened
     */
    @Override
    public void start() {
        if (!isActive()) {
            bound = bind();
        }
        super.start();
    }

    private ServerSocket bind() {
        String address = getLocalAddress();
        int port = super.getPort();
        ServerSocket socket = null;
        try {
            socket = new PeerServerSocket(() -> connections.size() >= maxConnections, refused);
            socket.bind(
                    address == null
                            ? new InetSocketAddress(port)
                            : new InetSocketAddress(InetAddress.getByName(address), port),
                    getBacklog());
            return socket;
        } catch (IOException e) {
            closeQuietly(socket);
            throw new PortUnavailableException(address == null ? "*" : address, port, e);
        }
    }

    /** The port that is open, or the one that will be asked for. */
    @Override
    public int getPort() {
        ServerSocket socket = bound;
        return socket == null ? super.getPort() : socket.getLocalPort();
    }

    @Override
    protected ServerSocket createServerSocket(
            int port, int backlog, @Nullable InetAddress whichNic) {
        ServerSocket socket = bound;
        if (socket == null) {
            throw new IllegalStateException("not started");
        }
        return socket;
    }

    /**
     * Asks a silent peer after a minute whether it is still there, so that dead ones do not keep
     * their places for hours. A socket that cannot be set up is gone already; its first read will
     * say so.
     */
    @Override
    protected void setSocketAttributes(Socket socket) {
        try {
            super.setSocketAttributes(socket);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, 60);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, 10);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 6);
        } catch (UnsupportedOperationException e) {
            log.debug("The system's own pace of keep-alives stays: {}", e.getMessage());
        } catch (IOException e) {
            log.debug("A connection was gone before it began: {}", e.getMessage());
        }
    }

    /** Closed connections remove themselves, so that accepting does not look through all. */
    @Override
    protected void harvestClosedConnections() {}

    /** Closes the port. Connections go on. */
    void stopAccepting() {
        beforeShutdown();
        closeQuietly(bound);
    }

    /** The connections that are open. */
    List<PeerConnection> openConnections() {
        return connections.values().stream().map(PeerConnectionFactory::peer).toList();
    }

    /** Ends a connection behind its last reply; for the thread that reads it. */
    void finish(String connectionId) {
        TcpConnectionSupport connection = connections.get(connectionId);
        if (connection != null) {
            peer(connection).finish();
        }
    }

    private static PeerConnection peer(TcpConnectionSupport connection) {
        TcpConnectionSupport inner = connection;
        while (inner instanceof TcpConnectionInterceptorSupport interceptor) {
            inner = interceptor.getTheConnection();
        }
        return (PeerConnection) inner;
    }

    private static void closeQuietly(@Nullable ServerSocket socket) {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException e) {
            log.debug("The server socket did not close: {}", e.getMessage());
        }
    }

    @Override
    public void stop() {
        closeQuietly(bound);
        super.stop();
    }
}
