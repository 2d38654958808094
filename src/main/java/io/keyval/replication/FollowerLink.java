package io.keyval.replication;

import io.keyval.store.KeyValueStore;
import io.keyval.store.StoreException;
import io.keyval.wal.Outcome;
import io.keyval.wal.Wal;
import io.keyval.wal.WalException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.integration.ip.tcp.connection.TcpConnectionSupport;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.ErrorMessage;
import org.springframework.messaging.support.GenericMessage;

/**
 * A follower's link to one leader: connects, says what this node has, appends what comes, and
 * connects again when it breaks, for ever, until it is stopped.
 *
 * <p>One virtual thread connects, acknowledges and watches; the connection's thread reads.
 */
final class FollowerLink {

    /**
     * Who this node is.
     *
     * @param acceptEmptyLeader whether an empty leader with another log may replace what is here
     */
    record Identity(
            int id,
            int port,
            @Nullable String address,
            String secret,
            Duration heartbeat,
            Duration timeout,
            boolean acceptEmptyLeader) {}

    private static final Logger log = LoggerFactory.getLogger(Replication.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final int MAX_PAYLOAD = 1 << 30;
    private static final int MAX_HELLO = 256;

    private final Identity self;
    private final String host;
    private final int port;
    private final KeyValueStore store;
    private final Consumer<Resync> resynced;
    private final LinkConnectionFactory connections;
    private final LagClock clock = new LagClock();
    private final Object news = new Object();

    private volatile boolean running;
    private volatile @Nullable Thread thread;
    private volatile LinkStatus.State state = LinkStatus.State.CONNECTING;
    private volatile @Nullable String reason;
    private volatile long lastHeard;
    private volatile boolean everHeard;
    private volatile long leaderPosition;
    private volatile long lagBytes;
    private volatile long syncedBytes;
    private volatile long syncBytes;

    /** Only grows within a connection; what is acknowledged. */
    private volatile long durable;

    private volatile boolean installing;

    /** Batches that the log has not answered; guarded by {@link #news}. */
    private int appending;

    private volatile @Nullable Session session;

    /** What belongs to one connection; its reading thread's own but for what is volatile. */
    private final class Session {

        final TcpConnectionSupport connection;
        final MessageAssembler assembler = new MessageAssembler(MAX_PAYLOAD);
        final StringBuilder hello = new StringBuilder();
        boolean greeted;
        volatile boolean joined;
        volatile boolean broken;
        @Nullable FileChannel syncing;
        boolean setAside;
        String why = "";

        Session(TcpConnectionSupport connection) {
            this.connection = connection;
        }
    }

    FollowerLink(
            Identity self,
            String host,
            int port,
            KeyValueStore store,
            ApplicationEventPublisher events,
            Consumer<Resync> resynced) {
        this.self = self;
        this.host = host;
        this.port = port;
        this.store = store;
        this.resynced = resynced;
        this.connections = new LinkConnectionFactory(host, port, self.address(), self.timeout());
        connections.setApplicationEventPublisher(events);
    }

    void start() {
        running = true;
        connections.registerListener(this::received);
        connections.start();
        thread = Thread.ofVirtual().name("leader-link").start(this::run);
    }

    /** Closes the link; when this returns, nothing more is appended through it. */
    void stop() {
        running = false;
        wake();
        Thread runner = thread;
        if (runner != null) {
            boolean interrupted = false;
            while (runner.isAlive()) {
                try {
                    runner.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        connections.stop();
        state = LinkStatus.State.NONE;
    }

    private void run() {
        Duration pause = FIRST_PAUSE;
        while (running) {
            boolean joined = false;
            try {
                joined = connectAndStay();
            } catch (RuntimeException e) {
                broken("%s:%d cannot be reached: %s".formatted(host, port, rootMessage(e)));
            }
            pause = joined ? FIRST_PAUSE : pause;
            sleep(pause);
            pause = min(pause.multipliedBy(2), LONGEST_PAUSE);
        }
    }

    /** Returns when the connection is over; whether the leader took this follower in. */
    private boolean connectAndStay() {
        if (state != LinkStatus.State.REFUSED) {
            state = LinkStatus.State.CONNECTING;
        }
        TcpConnectionSupport connection = connect();
        Session now = new Session(connection);
        session = now;
        lastHeard = System.nanoTime();
        try {
            send(
                    now,
                    ("HELLO FOLLOWER|" + self.id() + ":" + self.secret() + "\n")
                            .getBytes(StandardCharsets.UTF_8));
            stay(now);
        } finally {
            connection.close();
            awaitReader(now);
            session = null;
        }
        return now.joined;
    }

    private TcpConnectionSupport connect() {
        try {
            return connections.getConnection();
        } catch (InterruptedException e) {
            running = false;
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Acknowledges what becomes durable, at least once a heartbeat, while the connection lives. */
    private void stay(Session now) {
        long told = -1;
        long beat = System.nanoTime();
        while (running && !now.broken && now.connection.isOpen()) {
            long position = durable;
            long time = System.nanoTime();
            if (now.joined && (position != told || time - beat >= self.heartbeat().toNanos())) {
                told = position;
                beat = time;
                send(now, WireCodec.encode(new WireMessage.Ack(position)));
            }
            if (!installing && time - lastHeard > self.timeout().toNanos()) {
                broken(
                        "nothing was heard from the leader for "
                                + self.timeout().toMillis()
                                + " ms");
                return;
            }
            awaitNews(told);
        }
        if (running && now.joined) {
            broken(now.why.isEmpty() ? "the connection to the leader broke" : now.why);
        } else if (!running && now.joined && now.connection.isOpen()) {
            send(now, WireCodec.encode(new WireMessage.Goodbye("this follower stops")));
        }
    }

    private void awaitNews(long told) {
        synchronized (news) {
            Session now = session;
            if (running && now != null && !now.broken && (durable == told || !now.joined)) {
                try {
                    news.wait(Math.max(1, self.heartbeat().toMillis() / 2));
                } catch (InterruptedException e) {
                    running = false;
                }
            }
        }
    }

    private void wake() {
        synchronized (news) {
            news.notifyAll();
        }
    }

    private void sleep(Duration pause) {
        long nanos = pause.toNanos();
        long end =
                System.nanoTime() + nanos / 2 + ThreadLocalRandom.current().nextLong(nanos / 2 + 1);
        synchronized (news) {
            while (running && end - System.nanoTime() > 0) {
                try {
                    news.wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
                } catch (InterruptedException e) {
                    running = false;
                }
            }
        }
    }

    /** Tells what is wrong, once for each new reason. */
    private void broken(String why) {
        if (!why.equals(reason)) {
            log.warn("No link to the leader {}:{}: {}. Trying again.", host, port, why);
        }
        reason = why;
        if (state != LinkStatus.State.REFUSED) {
            state = LinkStatus.State.CONNECTING;
        }
    }

    private void refused(Session now, String why) {
        state = LinkStatus.State.REFUSED;
        now.why = why;
        now.broken = true;
        broken(why);
        wake();
    }

    private static void send(Session now, byte[] bytes) {
        now.connection.send(new GenericMessage<>(bytes));
    }

    /** Called by the connection's thread with what has come. */
    private boolean received(Message<?> message) {
        Session now = session;
        if (now == null || message instanceof ErrorMessage) {
            return false;
        }
        synchronized (now) {
            if (now.broken || !running) {
                return false;
            }
            lastHeard = System.nanoTime();
            everHeard = everHeard || now.joined;
            try {
                take(now, ByteBuffer.wrap((byte[]) message.getPayload()));
            } catch (WireException | WalException | StoreException e) {
                fail(now, e.getMessage() == null ? e.toString() : e.getMessage());
            } catch (IOException e) {
                fail(now, "the sync file could not be written: " + e.getMessage());
            }
            return true;
        }
    }

    private void fail(Session now, String why) {
        closeSync(now);
        now.why = why;
        now.broken = true;
        wake();
    }

    private void take(Session now, ByteBuffer bytes) throws IOException {
        while (!now.greeted && bytes.hasRemaining()) {
            char next = (char) (bytes.get() & 0xff);
            if (next != '\n' && now.hello.length() < MAX_HELLO) {
                now.hello.append(next);
                continue;
            }
            String line = now.hello.toString();
            if (!line.equals("HELLO LEADER")) {
                refused(now, "it answered " + line);
                return;
            }
            now.greeted = true;
            sayStatus(now);
        }
        if (now.greeted) {
            try {
                now.assembler.add(bytes, message -> handle(now, message));
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }
    }

    private void sayStatus(Session now) {
        state = LinkStatus.State.JOINING;
        Wal wal = store.wal();
        durable = wal.position();
        send(
                now,
                WireCodec.encode(
                        new WireMessage.Status(
                                WireCodec.VERSION,
                                self.port(),
                                wal.id(),
                                wal.epoch(),
                                wal.position())));
    }

    private void handle(Session now, WireMessage message) {
        if (now.broken) {
            return;
        }
        switch (message) {
            case WireMessage.Continue(_, _, long position) -> {
                leaderAt(position);
                joined(now, new Resync.Continue(durable), "partial resync behind " + durable);
            }
            case WireMessage.Full full -> beginSync(now, full);
            case WireMessage.Data(ByteBuffer bytes) -> data(now, bytes);
            case WireMessage.SyncDone() -> finishSync(now);
            case WireMessage.Heartbeat(long position, long behind) -> {
                leaderAt(position);
                lagBytes = behind;
            }
            case WireMessage.Goodbye(String why) -> {
                now.why = "the leader said goodbye: " + why;
                if (now.joined) {
                    now.broken = true;
                    wake();
                } else {
                    refused(now, why);
                }
            }
            case WireMessage.Status _, WireMessage.Ack _ ->
                    throw new WireException("the leader sent what only a follower says");
        }
    }

    private void leaderAt(long position) {
        leaderPosition = position;
        clock.reached(position, System.nanoTime());
    }

    private void joined(Session now, Resync how, String said) {
        state = LinkStatus.State.STREAMING;
        reason = null;
        everHeard = true;
        now.joined = true;
        resynced.accept(how);
        log.info("Following the leader {}:{}: {}.", host, port, said);
        wake();
    }

    private void beginSync(Session now, WireMessage.Full full) {
        Wal wal = store.wal();
        boolean otherLog = !full.log().equals(wal.id());
        if (wal.position() > 0 && otherLog && full.position() == 0 && !self.acceptEmptyLeader()) {
            refused(
                    now,
                    "the leader is empty and has another log, while this node holds %d keys; to let it be emptied, set keyval.replication.accept-empty-leader=true"
                            .formatted(store.keys()));
            return;
        }
        now.setAside = wal.position() > 0 && (otherLog || full.reason() == Resync.Reason.DIVERGED);
        try {
            now.syncing =
                    FileChannel.open(
                            store.syncFile(),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        syncedBytes = 0;
        syncBytes = full.bytes();
        leaderAt(full.position());
        durable = 0;
        joined(
                now,
                new Resync.Full(full.reason()),
                "full sync of %d bytes (%s)".formatted(full.bytes(), full.reason().text()));
        state = LinkStatus.State.SYNCING;
    }

    private void data(Session now, ByteBuffer bytes) {
        FileChannel file = now.syncing;
        if (file != null) {
            try {
                long before = syncedBytes;
                syncedBytes = before + bytes.remaining();
                while (bytes.hasRemaining()) {
                    file.write(bytes);
                }
                tellProgress(before);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return;
        }
        synchronized (news) {
            appending++;
        }
        store.appendFrames(
                bytes,
                new Outcome() {
                    @Override
                    public void committed(long position) {
                        if (session == now) {
                            durable = position;
                        }
                        appended();
                    }

                    @Override
                    public void refused(WalException cause) {
                        now.why = String.valueOf(cause.getMessage());
                        now.broken = true;
                        appended();
                    }
                });
    }

    private void appended() {
        synchronized (news) {
            appending--;
            news.notifyAll();
        }
    }

    /** One line each tenth of a sync that is larger than a few megabytes. */
    private void tellProgress(long before) {
        long total = syncBytes;
        if (total > 64 << 20 && before * 10 / total != syncedBytes * 10 / total) {
            log.info(
                    "Full sync: {} of {} bytes, {} %.",
                    syncedBytes, total, Math.min(100, syncedBytes * 100 / total));
        }
    }

    private void finishSync(Session now) {
        FileChannel file = now.syncing;
        if (file == null) {
            throw new WireException("the end of a sync that did not begin");
        }
        installing = true;
        try {
            file.force(true);
            closeSync(now);
            Path aside = store.install(store.syncFile(), now.setAside);
            if (aside != null) {
                log.warn(
                        "The log that was here is not the beginning of the leader's; it was kept as {}.",
                        aside);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lastHeard = System.nanoTime();
            installing = false;
        }
        durable = store.wal().position();
        syncBytes = 0;
        syncedBytes = 0;
        state = LinkStatus.State.STREAMING;
        log.info("Full sync done: {} keys at position {}.", store.keys(), durable);
        wake();
    }

    private void closeSync(Session now) {
        FileChannel file = now.syncing;
        now.syncing = null;
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                log.warn("The sync file could not be closed: {}.", e.getMessage());
            }
        }
    }

    /** When this returns, nothing that came over this connection changes the store any more. */
    private void awaitReader(Session now) {
        synchronized (now) {
            now.broken = true;
            awaitAppended();
            boolean unfinished = now.syncing != null;
            closeSync(now);
            if (unfinished) {
                try {
                    Files.deleteIfExists(store.syncFile());
                } catch (IOException e) {
                    log.warn("The sync file could not be removed: {}.", e.getMessage());
                }
            }
        }
    }

    private void awaitAppended() {
        synchronized (news) {
            while (appending > 0) {
                try {
                    news.wait();
                } catch (InterruptedException e) {
                    running = false;
                }
            }
        }
    }

    /** How long ago the leader was heard, or null when it never was. */
    @Nullable Duration silence() {
        return everHeard ? Duration.ofNanos(System.nanoTime() - lastHeard) : null;
    }

    /** Whether everything that the leader was heard to have is here. */
    boolean isCaughtUp() {
        return everHeard && syncBytes == 0 && store.wal().position() >= leaderPosition;
    }

    LinkStatus status() {
        long position = store.wal().position();
        long leader = leaderPosition;
        boolean behind = leader > position;
        return new LinkStatus(
                host + ":" + port,
                state,
                reason,
                leader,
                Math.max(0, leader - position),
                behind ? lagBytes : 0,
                clock.behind(position, System.nanoTime()),
                silence(),
                syncedBytes,
                syncBytes);
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return message == null ? root.getClass().getSimpleName() : message;
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
