package io.keyval.server;

import io.keyval.protocol.HelloLines;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.integration.ip.tcp.serializer.SoftEndOfStreamException;

/**
 * Reads one connection: makes messages of what arrives, one at a time, and reads no further while
 * the last one is not answered or its answers are not taken. For the connection's event loop.
 */
final class PeerHandler extends ChannelInboundHandlerAdapter {

    /** How long a connection whose last reply is sent waits for the peer to close. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    /** The same while no message is delivered. */
    private static final int MAX_WAITING_HELD = 4 * 1024;

    /** For so many times as long, a peer may take nothing of its last replies. */
    private static final int STALLED_LINGERS = 10;

    /** What has arrived and waits may be this much before nothing more is read. */
    private static final int MAX_WAITING = 64 * 1024;

    /** And in no more pieces than this, each of which takes more than its bytes. */
    private static final int MAX_PIECES = 64;

    /** Output of a connection that is not counted: the system holds far more of it. */
    private static final int FREE_OUTPUT = 4 * 1024;

    /** How soon it is noticed that a peer has taken what was counted, if nothing else tells. */
    private static final Duration RECOUNT = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(PeerHandler.class);

    /** What the next message is, in each part of a connection's life. */
    private sealed interface Mode {

        /** The first line. */
        record Greeting() implements Mode {}

        /** All whole lines that have arrived. */
        record Lines(int maxLine) implements Mode {}

        /** Whatever has arrived, for a thread that may block. */
        record Bytes(Inbox inbox) implements Mode {}

        /** Nothing: what still comes after the last reply is dropped. */
        record Ended() implements Mode {}
    }

    private final Channel channel;
    private final LoopAgenda agenda;
    private final LineInput input;
    private final ArrayDeque<ByteBuf> arrived = new ArrayDeque<>();
    private final HeapShare output;
    private final Future<?> handshakeTimeout;

    private @Nullable PeerConnection connection;
    private Mode mode = new Mode.Greeting();
    private int waiting;
    private boolean delivering;
    private boolean held;
    private @Nullable Runnable resume;

    /** Bytes that {@link #resume} keeps. */
    private long kept;

    /** What this connection has of the share for output. */
    private long counted;

    private boolean recounting;
    private long unsentWhenIdle;

    /** Whether nothing more will be read, and whether that is because the peer said so. */
    private boolean inputEnded;

    private boolean endedByPeer;

    PeerHandler(
            Channel channel,
            LoopAgenda agenda,
            Duration handshakeTimeout,
            HeapShare input,
            HeapShare output) {
        this.channel = channel;
        this.agenda = agenda;
        this.input = new LineInput(new Arrived(), input);
        this.output = output;
        this.handshakeTimeout =
                channel.eventLoop()
                        .schedule(
                                () -> abort("no HELLO in time"),
                                handshakeTimeout.toNanos(),
                                TimeUnit.NANOSECONDS);
    }

    /** Names who gets the messages; before anything is read. */
    void attach(PeerConnection to) {
        connection = to;
    }

    /** Runs a task on the event loop; one that fails ends the connection. */
    void execute(Runnable task) {
        if (channel.eventLoop().inEventLoop()) {
            guarded(task);
        } else {
            channel.eventLoop().execute(() -> guarded(task));
        }
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            log.error("{} is closed after an internal error", channel.remoteAddress(), e);
            channel.close();
        }
    }

    void readLines(int maxLine, Duration idleTimeout) {
        handshakeTimeout.cancel(false);
        mode = new Mode.Lines(maxLine);
        if (idleTimeout.isPositive()) {
            channel.pipeline()
                    .addFirst(
                            new IdleStateHandler(
                                    idleTimeout.toNanos(), 0, 0, TimeUnit.NANOSECONDS));
        }
    }

    void readBytes(Runnable first) {
        handshakeTimeout.cancel(false);
        PeerConnection to = Objects.requireNonNull(connection);
        mode = new Mode.Bytes(Inbox.start(to, first, () -> execute(this::deliver)));
    }

    /** Whether the peer takes what is sent to it. */
    boolean isWritable() {
        return channel.isWritable();
    }

    /** Delivers no further message until {@link #release}; something else goes on with it. */
    void hold() {
        held = true;
        resume = null;
    }

    /**
     * Delivers no further message until {@link #release}.
     *
     * @param whenWritable runs when the peer has taken what was sent
     * @param bytes that it keeps until then
     */
    void hold(Runnable whenWritable, long bytes) {
        held = true;
        kept = bytes;
        flush();
        resume = whenWritable;
        if (channel.isWritable()) {
            channel.eventLoop().execute(() -> guarded(this::resume));
        }
    }

    /** Delivers no further message until {@link #release}, and tries again in a moment. */
    void holdForAMoment(Runnable again) {
        hold();
        agenda.tryAgain(
                () ->
                        guarded(
                                () -> {
                                    again.run();
                                    agenda.flushSoon(this);
                                }));
    }

    private void resume() {
        Runnable next = resume;
        if (next != null && channel.isWritable()) {
            resume = null;
            kept = 0;
            next.run();
            agenda.flushSoon(this);
        }
    }

    /** Sends what was written, as far as the peer takes it. */
    void flush() {
        channel.flush();
        if (counted > 0 || kept > 0 || unsent() > FREE_OUTPUT) {
            countOutput();
        }
    }

    private long unsent() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return buffer == null ? 0 : buffer.totalPendingWriteBytes();
    }

    /** Counts what waits for the peer, and gives the connection up where all hold too much. */
    private void countOutput() {
        long unsent = unsent();
        long now = kept + (unsent > FREE_OUTPUT ? unsent : 0);
        if (now > counted && !output.take(now - counted)) {
            abort("too much output that nobody reads");
            return;
        }
        if (now < counted) {
            output.give(counted - now);
        }
        counted = now;
        if (now > 0 && !recounting) {
            recounting = true;
            channel.eventLoop().schedule(this::recount, RECOUNT.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void recount() {
        recounting = false;
        if (channel.isActive()) {
            countOutput();
        }
    }

    /** The message is answered: sends what is unsent, and delivers the next one. */
    void release() {
        if (held) {
            held = false;
            deliver();
            agenda.flushSoon(this);
        }
    }

    void finish() {
        handshakeTimeout.cancel(false);
        if (mode instanceof Mode.Bytes(Inbox inbox)) {
            inbox.stop();
        }
        mode = new Mode.Ended();
        dropArrived();
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> endOutput());
        channel.config().setAutoRead(true);
        awaitClose(unsent(), 0);
    }

    /**
     * Closes the connection when the peer has had all replies for a second and does not close, or
     * takes nothing of them for ten.
     *
     * @param before bytes that were unsent a second ago
     * @param stalled seconds since there were less
     */
    private void awaitClose(long before, int stalled) {
        channel.eventLoop()
                .schedule(
                        () -> {
                            long now = unsent();
                            if (before == 0) {
                                abort("it does not close");
                            } else if (now == before && stalled + 1 == STALLED_LINGERS) {
                                abort("it does not take its last replies");
                            } else {
                                awaitClose(now, now == before ? stalled + 1 : 0);
                            }
                        },
                        LINGER.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    @SuppressWarnings("deprecation") // closing the channel instead could take the last words back
    private void endOutput() {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls == null) {
            ((DuplexChannel) channel).shutdownOutput();
        } else {
            tls.closeOutbound().addListener(_ -> ((DuplexChannel) channel).shutdownOutput());
        }
    }

    void endRequests() {
        if (!(mode instanceof Mode.Ended)) {
            channel.config().setAutoRead(false);
            inputEnded = true;
            deliver();
            flush();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (mode instanceof Mode.Ended || inputEnded) {
            bytes.release();
            return;
        }
        arrived.add(bytes);
        waiting += bytes.readableBytes();
        deliver();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        agenda.flushSoon(this);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (channel.isWritable()) {
            resume();
            deliver();
            flush();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            endedByPeer = true;
            deliver();
            flush();
        } else if (event instanceof IdleStateEvent) {
            long unsent = unsent();
            boolean waits = resume != null || !held && arrived.isEmpty();
            if (waits && (unsent == 0 || unsent == unsentWhenIdle)) {
                abort("idle for too long");
            }
            unsentWhenIdle = unsent;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        handshakeTimeout.cancel(false);
        PeerConnection peer = connection;
        if (mode instanceof Mode.Bytes(Inbox inbox)) {
            inbox.close();
        } else if (peer != null) {
            peer.closeConnection();
        }
        mode = new Mode.Ended();
        dropArrived();
        input.close();
        resume = null;
        kept = 0;
        output.give(counted);
        counted = 0;
    }

    /** However reading ends, it is the peer's doing or ours, and no error. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException) {
            abort(cause.toString());
        } else {
            log.error("{} is closed after an internal error", channel.remoteAddress(), cause);
            channel.close();
        }
    }

    /** Closes at once. A peer that takes no bytes is not told the end of TLS either. */
    private void abort(String reason) {
        log.debug("{} ends: {}", channel.remoteAddress(), reason);
        if (unsent() == 0) {
            channel.close();
        } else {
            channel.pipeline().firstContext().close();
        }
    }

    /** Hands over messages while there are any, each is answered and the answers are taken. */
    private void deliver() {
        if (delivering) {
            return;
        }
        delivering = true;
        try {
            byte[] message;
            while (!held && channel.isWritable() && (message = next()) != null) {
                Objects.requireNonNull(connection).deliver(message);
            }
        } catch (SoftEndOfStreamException e) {
            endOfInput();
        } catch (IOException e) {
            abort(e.getMessage());
        } finally {
            delivering = false;
        }
        boolean read =
                waiting <= (held ? MAX_WAITING_HELD : MAX_WAITING)
                                && arrived.size() <= MAX_PIECES
                                && !inputEnded
                        || mode instanceof Mode.Ended;
        if (channel.config().isAutoRead() != read) {
            channel.config().setAutoRead(read);
        }
    }

    private byte @Nullable [] next() throws IOException {
        return switch (mode) {
            case Mode.Greeting() -> input.line(HelloLines.MAX_SIZE);
            case Mode.Lines(int maxLine) -> input.lines(maxLine);
            case Mode.Bytes(Inbox inbox) -> {
                byte[] bytes;
                while (inbox.hasRoom() && (bytes = input.bytes()) != null) {
                    inbox.add(bytes);
                }
                yield null;
            }
            case Mode.Ended() -> null;
        };
    }

    /** Everything that arrived before the end of the stream has been answered. */
    private void endOfInput() {
        if (mode instanceof Mode.Lines && endedByPeer) {
            mode = new Mode.Ended();
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            awaitClose(unsent(), 0);
        } else if (mode instanceof Mode.Lines) {
            finish();
        } else if (mode instanceof Mode.Bytes(Inbox inbox)) {
            inbox.close();
        } else {
            channel.close();
        }
    }

    private void dropArrived() {
        arrived.forEach(ReferenceCountUtil::release);
        arrived.clear();
        waiting = 0;
    }

    /** What has arrived and is not yet taken, as a stream that never blocks. */
    private final class Arrived extends InputStream {

        @Override
        public int read() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
            ByteBuf first = arrived.peek();
            if (first == null) {
                return inputEnded ? -1 : 0;
            }
            int read = Math.min(length, first.readableBytes());
            first.readBytes(bytes, offset, read);
            waiting -= read;
            if (!first.isReadable()) {
                arrived.remove().release();
            }
            return read;
        }

        @Override
        public int available() {
            return waiting;
        }
    }
}
