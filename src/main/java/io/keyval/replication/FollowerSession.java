package io.keyval.replication;

import io.keyval.store.KeyValueStore;
import io.keyval.wal.Wal;
import io.keyval.wal.WalException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.messaging.MessagingException;

/**
 * One follower on its leader, from its admission until its connection closes.
 *
 * <p>The connection's thread brings what the follower says; a virtual thread of the session sends.
 * A follower that does not read blocks that thread, and costs nothing else but the one batch it
 * holds.
 */
final class FollowerSession {

    /** How the session reaches its connection. */
    interface Peer {

        /** Sends bytes; blocks while the follower does not take them. */
        void send(byte[] bytes);

        /** Closes the connection, and what blocks on it. */
        void close();
    }

    /** What the session tells of. */
    interface Listener {

        /** The follower's acknowledged position changed. */
        void acknowledged();

        /** The follower was brought to the leader's history, and has acknowledged so. */
        void resynced(Resync decision);

        /** The follower has been led by somebody later than this leader. */
        void superseded(int follower, long epoch);
    }

    private record Sent(long position, long totalBytes) {}

    private static final Logger log = LoggerFactory.getLogger(Replication.class);
    private static final int MAX_PAYLOAD = 64 << 10;
    private static final int MAX_UNACKNOWLEDGED = 1024;
    private static final Duration FAREWELL = Duration.ofMillis(500);

    private final int id;
    private final String connectionId;
    private final Peer peer;
    private final KeyValueStore store;
    private final Duration heartbeat;
    private final Duration gather;
    private final LagClock clock;
    private final Listener listener;
    private final MessageAssembler assembler = new MessageAssembler(MAX_PAYLOAD);
    private final ArrayDeque<Sent> unacknowledged = new ArrayDeque<>();
    private final CountDownLatch gone = new CountDownLatch(1);

    private volatile String address = "?";
    private volatile FollowerStatus.State state = FollowerStatus.State.JOINING;
    private volatile long acknowledged;
    private volatile long acknowledgedBytes;
    private volatile long syncedTo;

    /** What is under way, until the follower has acknowledged it. */
    private volatile @Nullable Resync resync;

    private volatile long lastHeard = System.nanoTime();
    private volatile @Nullable Feed feed;
    private volatile boolean closed;

    /**
     * A session that waits for the follower's status.
     *
     * @param gather what becomes durable within this time may be sent together
     */
    FollowerSession(
            int id,
            String connectionId,
            Peer peer,
            KeyValueStore store,
            Duration heartbeat,
            Duration gather,
            LagClock clock,
            Listener listener) {
        this.id = id;
        this.connectionId = connectionId;
        this.peer = peer;
        this.store = store;
        this.heartbeat = heartbeat;
        this.gather = gather;
        this.clock = clock;
        this.listener = listener;
    }

    int id() {
        return id;
    }

    String connectionId() {
        return connectionId;
    }

    long acknowledgedPosition() {
        return acknowledged;
    }

    /** Nanoseconds since the follower was last heard. */
    long silence() {
        return System.nanoTime() - lastHeard;
    }

    /** When the follower was last heard, by {@link System#nanoTime}. */
    long lastHeard() {
        return lastHeard;
    }

    boolean isClosed() {
        return closed;
    }

    /** Takes in what the follower sent; for the connection's thread. */
    void received(ByteBuffer bytes, String from) {
        if (closed) {
            return;
        }
        lastHeard = System.nanoTime();
        try {
            assembler.add(bytes, message -> handle(message, from));
        } catch (WireException e) {
            log.warn("Follower {} is disconnected: {}.", id, e.getMessage());
            close();
        } catch (WalException e) {
            log.warn("Follower {} is disconnected: {}", id, e.getMessage());
            close();
        }
    }

    private void handle(WireMessage message, String from) {
        switch (message) {
            case WireMessage.Status status -> begin(status, from);
            case WireMessage.Ack(long position) -> acknowledge(position);
            case WireMessage.Goodbye(String reason) ->
                    log.info("Follower {} leaves: {}.", id, reason);
            case WireMessage.Continue _,
                    WireMessage.Full _,
                    WireMessage.Data _,
                    WireMessage.SyncDone _,
                    WireMessage.Heartbeat _ ->
                    throw new WireException("it sent what only a leader says");
        }
    }

    private void acknowledge(long position) {
        if (state == FollowerStatus.State.JOINING || position < acknowledged) {
            return;
        }
        if (position > store.wal().position()) {
            throw new WireException(
                    "it acknowledged position %d, which was not sent".formatted(position));
        }
        boolean news = position > acknowledged;
        acknowledged = position;
        synchronized (unacknowledged) {
            while (!unacknowledged.isEmpty() && unacknowledged.peek().position() <= position) {
                acknowledgedBytes = unacknowledged.remove().totalBytes();
            }
        }
        Resync done = resync;
        if (done != null && state == FollowerStatus.State.STREAMING && position >= syncedTo) {
            resync = null;
            listener.resynced(done);
        }
        if (news) {
            listener.acknowledged();
        }
    }

    private void begin(WireMessage.Status status, String from) {
        address = from + ":" + status.port();
        if (status.version() != WireCodec.VERSION) {
            goodbye(
                    "replication protocol version %d is spoken here, not %d"
                            .formatted(WireCodec.VERSION, status.version()));
            return;
        }
        Wal wal = store.wal();
        Resync.Follower follower = Resync.Follower.of(status);
        if (Resync.isSuperseded(follower, Resync.Leader.of(wal))) {
            listener.superseded(id, status.epoch());
            goodbye("this leader has been superseded");
            return;
        }
        if (state != FollowerStatus.State.JOINING) {
            throw new WireException("it told its status twice");
        }
        Feed open = Feed.open(wal, follower);
        feed = open;
        resync = open.decision();
        switch (open.decision()) {
            case Resync.Continue(long position) -> {
                acknowledged = position;
                state = FollowerStatus.State.STREAMING;
                tell("partial resync behind position " + position);
            }
            case Resync.Full(Resync.Reason reason) -> {
                state = FollowerStatus.State.SYNCING;
                tell("full sync of %d bytes (%s)".formatted(open.syncBytes(), reason.text()));
            }
        }
        Thread.ofVirtual().name("follower-" + id).start(() -> run(open));
        listener.acknowledged();
    }

    private void tell(String what) {
        log.info("Follower {} at {}: {}.", id, address, what);
    }

    private void run(Feed open) {
        try (open) {
            send(open.answer());
            stream(open);
        } catch (WalException e) {
            log.warn("Follower {} is disconnected: {}", id, e.getMessage());
        } catch (MessagingException | IllegalArgumentException e) {
            log.debug("Sending to follower {} ended: {}", id, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            close();
        }
    }

    private void stream(Feed open) throws InterruptedException {
        long beat = System.nanoTime() - heartbeat.toNanos();
        Pace pace = new Pace(gather);
        while (!closed) {
            if (!open.isSyncing() && !open.isBatchFull()) {
                pace.await();
            }
            WireMessage message = open.next();
            if (message == null) {
                long left = beat + heartbeat.toNanos() - System.nanoTime();
                open.await(Duration.ofNanos(Math.max(0, left)));
            } else {
                if (!open.isSyncing()) {
                    sent(open);
                }
                if (message instanceof WireMessage.SyncDone) {
                    syncedTo = open.position();
                    send(message);
                    state = FollowerStatus.State.STREAMING;
                } else {
                    send(message);
                    pace.sent();
                }
            }
            beat = heartbeatIfDue(open, beat);
        }
    }

    /** Remembers how many bytes lead to a position; of too many, the newest are taken together. */
    private void sent(Feed open) {
        synchronized (unacknowledged) {
            if (unacknowledged.size() == MAX_UNACKNOWLEDGED) {
                unacknowledged.removeLast();
            }
            unacknowledged.add(new Sent(open.position(), open.sentBytes()));
        }
    }

    private long heartbeatIfDue(Feed open, long beat) {
        long now = System.nanoTime();
        if (now - beat < heartbeat.toNanos()) {
            return beat;
        }
        send(new WireMessage.Heartbeat(store.wal().position(), lagBytes(open)));
        return now;
    }

    private long lagBytes(Feed open) {
        return open.remaining() + open.sentBytes() - acknowledgedBytes;
    }

    private void send(WireMessage message) {
        peer.send(WireCodec.encode(message));
    }

    /** Whether the follower is streaming and lacks records up to a position. */
    boolean isWaitingFor(long position) {
        return !closed && state == FollowerStatus.State.STREAMING && acknowledged < position;
    }

    /**
     * Tells the follower where the log ends and why it is left. Then the follower closes, and when
     * it does not within half a second, this side does; closing at once could cost it these words.
     * Does not wait.
     */
    void goodbye(String reason) {
        Thread.ofVirtual().name("goodbye-" + id).start(() -> sayGoodbye(reason));
        Thread.ofVirtual().name("farewell-" + id).start(this::closeSoon);
    }

    private void closeSoon() {
        awaitClosed();
        close();
    }

    /** Returns when the connection is closed or half a second is over; whether it is closed. */
    boolean awaitClosed() {
        try {
            return gone.await(FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void sayGoodbye(String reason) {
        try {
            if (state == FollowerStatus.State.STREAMING) {
                send(new WireMessage.Heartbeat(store.wal().position(), 0));
            }
            send(new WireMessage.Goodbye(reason));
        } catch (RuntimeException e) {
            log.debug("Follower {} was gone: {}", id, e.getMessage());
        }
    }

    void close() {
        if (!closed) {
            closed = true;
            gone.countDown();
            peer.close();
        }
    }

    FollowerStatus status() {
        long position = store.wal().position();
        Feed open = feed;
        long acked = acknowledged;
        boolean syncing = state == FollowerStatus.State.SYNCING;
        return new FollowerStatus(
                id,
                address,
                state,
                acked,
                Math.max(0, position - acked),
                open == null || acked >= position ? 0 : lagBytes(open),
                clock.behind(acked, System.nanoTime()),
                open != null && syncing ? open.sentBytes() : 0,
                open != null && syncing ? open.syncBytes() : 0);
    }
}
