package io.keyval.replication;

import io.keyval.store.KeyValueStore;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.messaging.Message;

/**
 * A follower's link to one leader: connects, says what this node has, appends what comes, and
 * connects again when it breaks, for ever, until it is stopped. Thread-safe.
 *
 * <p>One virtual thread connects, acknowledges and watches; the connection's thread reads. What
 * happens on one connection is up to its {@link LeaderSession}.
 */
final class FollowerLink {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private final FollowerIdentity self;
    private final KeyValueStore store;
    private final Consumer<Resync> resynced;
    private final LinkAdapters adapters;
    private final LinkRun run = new LinkRun();
    private final LinkState state;
    private final FollowerLag lag;

    private volatile @Nullable LeaderSession session;

    /**
     * A link that is not yet started.
     *
     * @param host of the leader
     * @param port of the leader
     * @param store that takes the leader's log in
     * @param resynced is told, by a thread of the link, when this node is brought to the leader's
     *     history
     */
    FollowerLink(
            FollowerIdentity self,
            String host,
            int port,
            KeyValueStore store,
            ApplicationContext context,
            Consumer<Resync> resynced) {
        this.self = self;
        this.store = store;
        this.resynced = resynced;
        this.state = new LinkState(host, port);
        this.lag = new FollowerLag(() -> store.wal().position(), System::nanoTime);
        this.adapters =
                new LinkAdapters(
                        host,
                        port,
                        self.address(),
                        self.timeout(),
                        self.tls(),
                        context,
                        this::received);
    }

    void start() {
        adapters.start();
        run.start(this::connectForEver);
    }

    /** When this returns, nothing more is appended through this link, until it is thawed. */
    void freeze() {
        run.freeze();
        LeaderSession now = session;
        if (now != null) {
            now.awaitAppended();
        }
    }

    /** Goes on, with a new connection: what came meanwhile was dropped. */
    void thaw() {
        run.thaw();
        LeaderSession now = session;
        if (now != null) {
            now.fail("the link was held up");
        }
    }

    /** Closes the link; when this returns, nothing more is appended through it. */
    void stop() {
        stop(WireCodec.encode(new WireMessage.Goodbye("this follower stops")));
    }

    /**
     * Closes the link behind a last message, if the leader listens; when this returns, nothing more
     * is appended through it.
     */
    void stop(byte[] last) {
        run.stop(last);
        adapters.stop();
        state.stopped();
    }

    private void connectForEver() {
        Duration pause = FIRST_PAUSE;
        while (run.isRunning()) {
            boolean useful = false;
            try {
                useful = connectAndStay();
            } catch (RuntimeException | Error e) {
                state.broken("it cannot be reached: " + LinkState.reasonOf(e));
            }
            pause = useful ? FIRST_PAUSE : pause;
            run.sleep(pause);
            pause = min(pause.multipliedBy(2), LONGEST_PAUSE);
        }
    }

    /** Returns when the connection is over; whether it brought something, or lasted. */
    private boolean connectAndStay() {
        String failure = store.wal().failure();
        if (failure != null) {
            state.refused("this node can take nothing in: " + failure);
            return false;
        }
        state.connecting();
        LeaderSession now = new LeaderSession(self, connect(), store, run, state, lag, resynced);
        session = now;
        long begin = System.nanoTime();
        try {
            now.stay();
        } finally {
            now.close();
            session = null;
        }
        return now.receiver().isUseful()
                || now.isJoined() && System.nanoTime() - begin > 2 * LONGEST_PAUSE.toNanos();
    }

    private LeaderSession.Peer connect() {
        try {
            return adapters.connect();
        } catch (InterruptedException e) {
            run.interrupted();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Called by the connection's thread with what has come. */
    private void received(Message<?> message) {
        LeaderSession now = session;
        if (now != null && LinkAdapters.isOf(now.connectionId(), message)) {
            now.received((ByteBuffer) message.getPayload());
        }
    }

    /**
     * How old what is here may be: how long ago all that the leader had is known to have been here.
     * Null when it never was.
     */
    @Nullable Duration age() {
        return lag.age();
    }

    /** Whether everything that the leader was heard to have is here. */
    boolean isCaughtUp() {
        return lag.isCaughtUp();
    }

    LinkStatus status() {
        FollowerLag.Reading behind = lag.read();
        LeaderSession now = session;
        SyncFile sync = now == null ? null : now.receiver().syncing();
        return new LinkStatus(
                state.leader(),
                state.state(),
                state.reason(),
                behind.leaderPosition(),
                behind.records(),
                behind.bytes(),
                behind.time(),
                lag.silence(),
                sync == null ? 0 : sync.written(),
                sync == null ? 0 : sync.total());
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
