package io.keyval.server;

import io.keyval.protocol.FollowerGate;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.core.serializer.Serializer;
import org.springframework.integration.ip.tcp.connection.TcpNetConnection;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.MessagingException;

/**
 * One client or follower at its socket.
 *
 * <p>Its own virtual thread runs {@link #run}; {@link #send} and {@link #close} may be called by
 * any thread. Begins with a deadline by which the first line has to be there.
 */
final class PeerConnection extends TcpNetConnection {

    /** How long a connection whose last reply is sent waits for the peer to close. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(PeerConnection.class);

    private final Socket socket;
    private final InputBudget budget;
    private final Consumer<PeerConnection> closed;
    private final ReentrantLock sending = new ReentrantLock();

    private volatile MessageHeaders headers;

    /** The reading thread's own. */
    private @Nullable LineInput input;

    /** When the part of its life that the connection is in has to be over, or null. */
    private @Nullable Long deadline;

    PeerConnection(
            Socket socket,
            ApplicationEventPublisher events,
            @Nullable String factoryName,
            Duration handshakeTimeout,
            InputBudget budget,
            Consumer<PeerConnection> closed) {
        super(socket, true, false, events, factoryName);
        this.socket = socket;
        this.budget = budget;
        this.closed = closed;
        this.headers = PeerHeaders.ofClient(this);
        this.deadline = System.nanoTime() + handshakeTimeout.toNanos();
    }

    /** The headers of each message of this connection. */
    MessageHeaders headers() {
        return headers;
    }

    /** From now on messages are batches of lines. For the reading thread. */
    void becomeClient(int maxLine, Duration idleTimeout) {
        setDeserializer(Frames.lines(maxLine));
        endDeadline(idleTimeout);
    }

    /** From now on messages are bytes as they come, marked with the id. For the reading thread. */
    void becomeFollower(int id) {
        headers = PeerHeaders.ofFollower(this, id);
        setDeserializer(Frames.BYTES);
        endDeadline(Duration.ZERO);
    }

    /**
     * Says the end of the stream to the peer and reads nothing more from it. The connection closes
     * when the peer closes or after a second: closing at once, with unread bytes, would reset the
     * connection and could cost the peer the last replies. For the reading thread.
     */
    void finish() {
        setDeserializer(Frames.NOTHING);
        deadline = System.nanoTime() + LINGER.toNanos();
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            closeConnection(true);
        }
    }

    /** Reads no more of a client: what has been read is answered, then the connection closes. */
    void endRequests() {
        if (isFollower()) {
            return;
        }
        try {
            socket.shutdownInput();
        } catch (IOException e) {
            log.debug("{} was closed already", this);
        }
    }

    /** Closes the connection at once, and tells all who know it. */
    void closeConnection() {
        closeConnection(true);
    }

    /** Whether a follower was admitted here. */
    boolean isFollower() {
        return headers.containsKey(FollowerGate.PEER_HEADER);
    }

    @Override
    public void run() {
        try {
            super.run();
        } finally {
            if (isOpen()) {
                closeConnection(true);
            }
            LineInput read = input;
            if (read != null) {
                read.close();
            }
        }
    }

    @Override
    public void send(Message<?> message) {
        sending.lock();
        try {
            serializer().serialize((byte[]) message.getPayload(), socket.getOutputStream());
        } catch (IOException e) {
            MessagingException failure = new MessagingException(message, "Send failed", e);
            publishConnectionExceptionEvent(failure);
            closeConnection(true);
            throw failure;
        } finally {
            sending.unlock();
        }
    }

    @SuppressWarnings("unchecked")
    private Serializer<byte[]> serializer() {
        return (Serializer<byte[]>) getSerializer();
    }

    @Override
    public void close() {
        super.close();
        closed.accept(this);
    }

    @Override
    protected InputStream inputStream() throws IOException {
        LineInput current = input;
        if (current == null) {
            current = new LineInput(new TimedStream(socket.getInputStream()), budget);
            input = current;
        }
        return current;
    }

    /** However reading ends, it is the peer's doing or ours, and no error. */
    @Override
    protected boolean handleReadException(Exception exception) {
        log.debug("{} ends: {}", this, exception.toString());
        closeConnection(true);
        return true;
    }

    private void endDeadline(Duration idleTimeout) {
        deadline = null;
        try {
            socket.setSoTimeout(millis(idleTimeout.toNanos()));
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int millis(long nanos) {
        long millis = TimeUnit.NANOSECONDS.toMillis(nanos + 999_999);
        return (int) Math.min(millis, Integer.MAX_VALUE);
    }

    /** The socket's stream, which no read outlasts the deadline of. */
    private final class TimedStream extends InputStream {

        private final InputStream stream;

        TimedStream(InputStream stream) {
            this.stream = stream;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            Long end = deadline;
            if (end != null) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    throw new SocketTimeoutException("out of time");
                }
                socket.setSoTimeout(millis(left));
            }
            return stream.read(bytes, offset, length);
        }

        @Override
        public int available() throws IOException {
            return stream.available();
        }
    }
}
