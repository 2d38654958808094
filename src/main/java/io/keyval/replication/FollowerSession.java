package io.keyval.replication;

import io.keyval.store.KeyValueStore;
import io.keyval.wal.Wal;
import io.keyval.wal.WalCursor;
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
    private static final int BATCH_BYTES = 256 << 10;
    private static final int MAX_PAYLOAD = 64 << 10;
    private static final int MAX_UNACKNOWLEDGED = 1024;
    private static final Duration FAREWELL = Duration.ofMillis(500);

    private final int id;
    private final String connectionId;
    private final Peer peer;
    private final KeyValueStore store;
    private final Duration heartbeat;
    private final LagClock clock;
    private final Listener listener;
    private final MessageAssembler assembler = new MessageAssembler(MAX_PAYLOAD);
    private final ArrayDeque<Sent> unacknowledged = new ArrayDeque<>();
    private final CountDownLatch gone = new CountDownLatch(1);

    private volatile String address = "?";
    private volatile FollowerStatus.State state = FollowerStatus.State.JOINING;
    private volatile long acknowledged;
    private volatile long acknowledgedBytes;
    private volatile long sentBytes;
    private volatile long syncBytes;
    private volatile long syncedTo;

    /** What is under way, until the follower has acknowledged it. */
    private volatile @Nullable Resync resync;

    private volatile long lastHeard = System.nanoTime();
    private volatile @Nullable WalCursor cursor;
    private volatile boolean closed;

    FollowerSession(
            int id,
            String connectionId,
            Peer peer,
            KeyValueStore store,
            Duration heartbeat,
            LagClock clock,
            Listener listener) {
        this.id = id;
        this.connectionId = connectionId;
        this.peer = peer;
        this.store = store;
        this.heartbeat = heartbeat;
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
        Resync.Follower follower =
                new Resync.Follower(status.log(), status.epoch(), status.position());
        Resync.Leader leader =
                new Resync.Leader(wal.id(), wal.history(), wal.position(), wal.basePosition());
        if (Resync.isSuperseded(follower, leader)) {
            listener.superseded(id, status.epoch());
            goodbye("this leader has been superseded");
            return;
        }
        if (state != FollowerStatus.State.JOINING) {
            throw new WireException("it told its status twice");
        }
        Resync decision = Resync.decide(follower, leader);
        resync = decision;
        if (decision instanceof Resync.Continue(long position)) {
            WalCursor open = wal.cursorAfter(position);
            if (open == null) {
                decision = new Resync.Full(Resync.Reason.COMPACTED);
                resync = decision;
            } else {
                cursor = open;
                acknowledged = position;
                state = FollowerStatus.State.STREAMING;
                tell("partial resync behind position " + position);
                start(new WireMessage.Continue(wal.id(), wal.epoch(), wal.position()), open);
            }
        }
        if (decision instanceof Resync.Full(Resync.Reason reason)) {
            WalCursor open = wal.cursorFromStart();
            cursor = open;
            syncBytes = open.remaining();
            state = FollowerStatus.State.SYNCING;
            tell("full sync of %d bytes (%s)".formatted(syncBytes, reason.text()));
            start(
                    new WireMessage.Full(wal.id(), wal.epoch(), wal.position(), syncBytes, reason),
                    open);
        }
        listener.acknowledged();
    }

    private void tell(String what) {
        log.info("Follower {} at {}: {}.", id, address, what);
    }

    private void start(WireMessage first, WalCursor open) {
        Thread.ofVirtual().name("follower-" + id).start(() -> run(first, open));
    }

    private void run(WireMessage first, WalCursor open) {
        try (open) {
            send(first);
            if (state == FollowerStatus.State.SYNCING) {
                sync(open);
            }
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

    private void sync(WalCursor open) throws InterruptedException {
        long beat = System.nanoTime();
        while (sentBytes < syncBytes && !closed) {
            ByteBuffer bytes = open.read(BATCH_BYTES);
            if (bytes == null) {
                open.await(heartbeat);
                continue;
            }
            sentBytes += bytes.remaining();
            send(new WireMessage.Data(bytes));
            beat = heartbeatIfDue(open, beat);
        }
        if (closed) {
            return;
        }
        sent(open);
        syncedTo = open.position();
        send(new WireMessage.SyncDone());
        syncBytes = 0;
        state = FollowerStatus.State.STREAMING;
    }

    private void stream(WalCursor open) throws InterruptedException {
        long beat = System.nanoTime() - heartbeat.toNanos();
        while (!closed) {
            ByteBuffer bytes = open.read(BATCH_BYTES);
            if (bytes != null) {
                sentBytes += bytes.remaining();
                sent(open);
                send(new WireMessage.Data(bytes));
            } else {
                long left = beat + heartbeat.toNanos() - System.nanoTime();
                open.await(Duration.ofNanos(Math.max(0, left)));
            }
            beat = heartbeatIfDue(open, beat);
        }
    }

    /** Remembers how many bytes lead to a position; of too many, the newest are taken together. */
    private void sent(WalCursor open) {
        synchronized (unacknowledged) {
            if (unacknowledged.size() == MAX_UNACKNOWLEDGED) {
                unacknowledged.removeLast();
            }
            unacknowledged.add(new Sent(open.position(), sentBytes));
        }
    }

    private long heartbeatIfDue(WalCursor open, long beat) {
        long now = System.nanoTime();
        if (now - beat < heartbeat.toNanos()) {
            return beat;
        }
        send(new WireMessage.Heartbeat(store.wal().position(), lagBytes(open)));
        return now;
    }

    private long lagBytes(WalCursor open) {
        return open.remaining() + sentBytes - acknowledgedBytes;
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
        WalCursor open = cursor;
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
                syncing ? sentBytes : 0,
                syncing ? syncBytes : 0);
    }
}
