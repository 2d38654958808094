package io.keyval.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.spi.SelectorProvider;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.integration.ip.tcp.connection.AbstractServerConnectionFactory;
import org.springframework.integration.ip.tcp.connection.TcpConnectionInterceptorSupport;
import org.springframework.integration.ip.tcp.connection.TcpConnectionSupport;

/**
 * A connection factory of Spring Integration on Netty's event loops: adapters, interceptors and
 * events are the framework's, only the transport is another. {@link #start} fails if the port
 * cannot be opened; running out of file descriptors is a pause, not an end; connections are bounded
 * in number and forgotten when they close.
 */
final class PeerConnectionFactory extends AbstractServerConnectionFactory {

    private static final Logger log = LoggerFactory.getLogger(PeerConnectionFactory.class);
    private static final int BACKLOG = 4096;

    /** The other half is for the log's threads, and for everything else. */
    private static final int LOOPS = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

    /** The least and the most that may be unsent before a peer is read from no further. */
    private static final long LEAST_UNSENT = 16 * 1024;

    private static final long MOST_UNSENT = 256 * 1024;

    static {
        // Where the jar's manifest opens the selector, Netty may look into it; elsewhere it does
        // not.
        System.setProperty("io.netty.tryReflectionSetAccessible", "true");
    }

    private final OccasionalLog failures = new OccasionalLog(log);
    private final int maxConnections;
    private final Duration handshakeTimeout;
    private final WriteBufferWaterMark unsent;
    private final HeapShare input = HeapShare.ofInput();
    private final HeapShare output = HeapShare.ofOutput();
    private final @Nullable PortTls tls;
    private final Runnable refused;

    private final Map<EventLoop, LoopAgenda> agendas = new ConcurrentHashMap<>();

    private volatile @Nullable EventLoopGroup loops;
    private volatile @Nullable Channel server;

    /**
     * A factory that is not yet started.
     *
     * @param maxOutput bytes of replies that one connection may hold; an eighth of them written
     * @param tls TLS of the connections; null for none
     * @param refused told about each connection that was one too many
     */
    PeerConnectionFactory(
            int port,
            int maxConnections,
            Duration handshakeTimeout,
            long maxOutput,
            @Nullable PortTls tls,
            Runnable refused) {
        super(port);
        this.maxConnections = maxConnections;
        this.handshakeTimeout = handshakeTimeout;
        int high = (int) Math.clamp(maxOutput / 8, LEAST_UNSENT, MOST_UNSENT);
        this.unsent = new WriteBufferWaterMark(high / 4, high);
        this.tls = tls;
        this.refused = refused;
    }

    /**
     * Opens the port and begins to accept.
     *
     * @throws PortUnavailableException if the port cannot be opened
     */
    @Override
    public void start() {
        if (isActive()) {
            return;
        }
        setActive(true);
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        EventLoopGroup group =
                new MultiThreadIoEventLoopGroup(
                        LOOPS,
                        new DefaultThreadFactory("connections"),
                        NioIoHandler.newFactory(SelectorProvider.provider(), SpinningSelect::new));
        group.forEach(loop -> agendas.put((EventLoop) loop, new LoopAgenda((EventLoop) loop)));
        loops = group;
        String address = getLocalAddress();
        int port = super.getPort();
        InetSocketAddress local =
                address == null
                        ? new InetSocketAddress(port)
                        : new InetSocketAddress(address, port);
        if (local.isUnresolved()) {
            stop();
            throw new PortUnavailableException(
                    String.valueOf(address),
                    port,
                    new BindException("Cannot assign requested address"));
        }
        try {
            server =
                    new ServerBootstrap()
                            .group(group)
                            .channel(NioServerSocketChannel.class)
                            .option(ChannelOption.SO_BACKLOG, BACKLOG)
                            .option(ChannelOption.SO_REUSEADDR, true)
                            .childOption(ChannelOption.TCP_NODELAY, true)
                            .childOption(ChannelOption.SO_KEEPALIVE, true)
                            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                            .childOption(ChannelOption.RECVBUF_ALLOCATOR, oneRead())
                            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, unsent)
                            .childHandler(new Accepted())
                            .bind(local)
                            .syncUninterruptibly()
                            .channel();
            server.pipeline().addLast(new Accepting());
            setListening(true);
        } catch (Exception e) {
            stop();
            if (e instanceof IOException cause) {
                throw new PortUnavailableException(address == null ? "*" : address, port, cause);
            }
            throw e;
        }
        super.start();
    }

    /** Reads of a connection that sends without end alternate with those of all others. */
    private static RecvByteBufAllocator oneRead() {
        return new AdaptiveRecvByteBufAllocator().maxMessagesPerRead(1);
    }

    @Override
    public void run() {
        throw new UnsupportedOperationException("the event loops accept");
    }

    /** The port that is open, or the one that will be asked for. */
    @Override
    public int getPort() {
        Channel open = server;
        return open != null && open.localAddress() instanceof InetSocketAddress local
                ? local.getPort()
                : super.getPort();
    }

    /** Closed connections remove themselves, so that accepting does not look through all. */
    @Override
    protected void harvestClosedConnections() {}

    /** Closes the port. Connections go on. */
    void stopAccepting() {
        beforeShutdown();
        setListening(false);
        Channel open = server;
        if (open != null) {
            open.close().syncUninterruptibly();
        }
    }

    /** The connections that are open. */
    List<PeerConnection> openConnections() {
        return connections.values().stream().map(PeerConnectionFactory::peer).toList();
    }

    private static PeerConnection peer(TcpConnectionSupport connection) {
        TcpConnectionSupport inner = connection;
        while (inner instanceof TcpConnectionInterceptorSupport interceptor) {
            inner = interceptor.getTheConnection();
        }
        return (PeerConnection) inner;
    }

    @Override
    public void stop() {
        stopAccepting();
        super.stop();
        EventLoopGroup group = loops;
        if (group != null) {
            group.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private void connected(Channel channel) {
        PeerHandler handler =
                new PeerHandler(
                        channel,
                        Objects.requireNonNull(agendas.get(channel.eventLoop())),
                        handshakeTimeout,
                        input,
                        output);
        if (tls != null) {
            tls.protect(channel);
        }
        channel.pipeline().addLast(handler);
        PeerConnection connection =
                new PeerConnection(
                        channel,
                        handler,
                        getApplicationEventPublisher(),
                        closed -> connections.remove(closed.getConnectionId()));
        handler.attach(connection);
        TcpConnectionSupport wrapped = wrapConnection(connection);
        wrapped.registerListener(getListener());
        wrapped.registerSenders(getSenders());
        connection.opened();
    }

    private void refuse(Channel channel) {
        ((DuplexChannel) channel).shutdownOutput().addListener(_ -> channel.close());
        refused.run();
    }

    /** Sets up what was accepted, if there is room. */
    private final class Accepted extends ChannelInitializer<Channel> {

        @Override
        protected void initChannel(Channel channel) {
            if (channel.remoteAddress() == null) {
                channel.close();
            } else if (connections.size() >= maxConnections) {
                refuse(channel);
            } else {
                connected(channel);
            }
        }
    }

    /** Tells when accepting fails; Netty's own handler before it goes on after a second. */
    private final class Accepting extends ChannelInboundHandlerAdapter {

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failures.warn("Cannot accept connections for the moment: " + cause.getMessage());
        }
    }
}
