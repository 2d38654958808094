package io.keyval.server;

import io.keyval.protocol.FollowerGate;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.integration.ip.tcp.connection.TcpConnectionSupport;
import org.springframework.integration.ip.tcp.connection.TcpListener;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.MessagingException;
import org.springframework.messaging.support.GenericMessage;

/**
 * One client or follower, as Spring Integration knows it: its identity, its headers, the way in and
 * the way out. What arrives is read by its {@link PeerHandler}.
 *
 * <p>{@link #send} and {@link #close} may be called by any thread; everything that says so belongs
 * to the event loop of the connection.
 */
final class PeerConnection extends TcpConnectionSupport {

    private static final AtomicLong NUMBERS = new AtomicLong();

    private final Channel channel;
    private final PeerHandler handler;
    private final Runnable closed;
    private final String id;
    private final String address;
    private final int port;

    private volatile MessageHeaders headers;

    PeerConnection(
            Channel channel,
            PeerHandler handler,
            ApplicationEventPublisher events,
            Consumer<PeerConnection> closed) {
        super(events);
        this.channel = channel;
        this.handler = handler;
        this.closed = () -> closed.accept(this);
        InetSocketAddress remote = (InetSocketAddress) channel.remoteAddress();
        this.address = remote.getAddress().getHostAddress();
        this.port = remote.getPort();
        this.id = address + ":" + port + ":" + NUMBERS.incrementAndGet();
        this.headers = PeerHeaders.ofClient(this);
    }

    /** Tells that the connection is there, once it can be sent to. */
    void opened() {
        publishConnectionOpenEvent();
    }

    /** The headers of each message of this connection. */
    MessageHeaders headers() {
        return headers;
    }

    /** From now on messages are batches of lines. For the event loop. */
    void becomeClient(int maxLine, Duration idleTimeout) {
        handler.readLines(maxLine, idleTimeout);
    }

    /**
     * From now on what comes of this connection is handled by a virtual thread of its own, which
     * may block: {@code first}, then messages of bytes as they come. For the event loop.
     */
    void leaveEventLoop(Runnable first) {
        handler.readBytes(first);
    }

    /** From now on messages are marked with the follower's id. */
    void becomeFollower(int id) {
        headers = PeerHeaders.ofFollower(this, id);
    }

    /** Whether a follower was admitted here. */
    boolean isFollower() {
        return headers.containsKey(FollowerGate.PEER_HEADER);
    }

    /**
     * Says the end of the stream to the peer, behind all that was sent, and drops what still comes.
     * The connection closes when the peer closes or after a second: closing at once, with unread
     * bytes, would reset the connection and could cost the peer the last replies. Any thread.
     */
    void finish() {
        handler.execute(handler::finish);
    }

    /** Reads no more of a client: what has been read is answered, then the connection ends. */
    void endRequests() {
        if (!isFollower()) {
            handler.execute(handler::endRequests);
        }
    }

    /** What holds up and resumes a client's requests. For the event loop. */
    PeerHandler handler() {
        return handler;
    }

    /** Hands a message to whoever listens. */
    void deliver(byte[] bytes) {
        TcpListener listener = getListener();
        if (listener != null) {
            listener.onMessage(new GenericMessage<>(bytes, headers));
        }
    }

    /**
     * Sends a byte array. On the event loop it goes out with all that is sent before the loop turns
     * to other connections; any other thread waits while the peer does not take what was sent.
     *
     * @throws MessagingException when the connection is closed
     */
    @Override
    public void send(Message<?> message) {
        byte[] bytes = (byte[]) message.getPayload();
        if (channel.eventLoop().inEventLoop()) {
            channel.write(Unpooled.wrappedBuffer(bytes), channel.voidPromise());
            return;
        }
        ChannelFuture sent = channel.writeAndFlush(Unpooled.wrappedBuffer(bytes));
        if (!channel.isWritable()) {
            sent.awaitUninterruptibly();
        }
        if (!channel.isOpen() || sent.isDone() && !sent.isSuccess()) {
            throw new MessagingException(message, "The connection is closed", sent.cause());
        }
    }

    /** Closes the connection at once, and tells all who know it. */
    void closeConnection() {
        closeConnection(true);
    }

    @Override
    public void close() {
        super.close();
        channel.close();
        closed.run();
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public String getConnectionId() {
        return id;
    }

    @Override
    public String getHostAddress() {
        return address;
    }

    @Override
    public String getHostName() {
        return address;
    }

    @Override
    public int getPort() {
        return port;
    }

    @Override
    public @Nullable Object getPayload() {
        throw new UnsupportedOperationException("messages are pushed");
    }

    @Override
    public @Nullable Object getDeserializerStateKey() {
        return null;
    }

    @Override
    public @Nullable SSLSession getSslSession() {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        return tls == null ? null : tls.engine().getSession();
    }

    @Override
    public void run() {
        throw new UnsupportedOperationException("the event loop hands over what arrives");
    }

    @Override
    public String toString() {
        return id;
    }
}
