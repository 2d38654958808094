package io.keyval.replication;

import io.keyval.store.KeyValueStore;
import io.keyval.wal.LogId;
import io.keyval.wal.Outcome;
import io.keyval.wal.Wal;
import io.keyval.wal.WalException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.integration.ip.tcp.connection.TcpConnectionSupport;
import org.springframework.messaging.Message;

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
     * @param tls TLS of the link; null for none
     */
    record Identity(
            int id,
            int port,
            @Nullable String address,
            String secret,
            Duration heartbeat,
            Duration timeout,
            boolean acceptEmptyLeader,
            @Nullable LinkTls tls) {}

    /** A word of the leader on where its log was. */
    private record Heard(long position, long nanos) {}

    private static final Logger log = LoggerFactory.getLogger(Replication.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final Duration LAST_WORD_PATIENCE = Duration.ofSeconds(1);
    private static final long STEP = Duration.ofMillis(5).toNanos();
    private static final int MAX_PAYLOAD = 1 << 30;
    private static final int MAX_HELLO = 256;

    private final Identity self;
    private final String host;
    private final int port;
    private final KeyValueStore store;
    private final Consumer<Resync> resynced;
    private final LinkAdapters adapters;
    private final LagClock clock = new LagClock();
    private final Object news = new Object();

    private volatile boolean running;
    private volatile @Nullable Thread thread;
    private volatile LinkStatus.State state = LinkStatus.State.CONNECTING;
    private volatile @Nullable String reason;

    /** When a byte last came, or a connection was made. */
    private volatile long lastByte;

    /** When the leader last spoke to this follower as one that it took in; null: never. */
    private volatile @Nullable Long lastHeard;

    /** Whether this node's log was, at some time, a beginning of what the leader was heard of. */
    private volatile boolean inStep;

    /** This node has all that the leader had at this time; null: never. */
    private volatile @Nullable Long current;

    /** What has to be reached for {@link #current} to be later. */
    private final AtomicReference<@Nullable Heard> awaited = new AtomicReference<>();

    private volatile long leaderPosition;
    private volatile long lagBytes;
    private volatile @Nullable SyncFile syncing;

    /** What is acknowledged. Only grows within a connection. */
    private volatile long durable;

    /** Whether the reading thread is at work on what has come, rather than waiting for more. */
    private volatile boolean reading;

    /** Whether what comes is dropped. */
    private volatile boolean frozen;

    private volatile byte @Nullable [] lastWord;

    /** Batches that the log has not answered; guarded by {@link #news}. */
    private int appending;

    private volatile @Nullable Session session;

    /** What belongs to one connection; its reading thread's own but for what is volatile. */
    private final class Session {

        final TcpConnectionSupport connection;
        final SpareArrays spare = new SpareArrays();
        final MessageAssembler assembler = new MessageAssembler(MAX_PAYLOAD, spare);
        final StringBuilder hello = new StringBuilder();
        volatile boolean greeted;
        volatile boolean joined;
        volatile boolean broken;
        volatile boolean refused;
        volatile boolean useful;
        boolean setAside;
        Resync.Reason reason = Resync.Reason.UNKNOWN;
        volatile String why = "";

        Session(TcpConnectionSupport connection) {
            this.connection = connection;
        }
    }

    FollowerLink(
            Identity self,
            String host,
            int port,
            KeyValueStore store,
            ApplicationContext context,
            Consumer<Resync> resynced) {
        this.self = self;
        this.host = host;
        this.port = port;
        this.store = store;
        this.resynced = resynced;
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
        running = true;
        adapters.start();
        thread = Thread.ofVirtual().name("leader-link").start(this::run);
    }

    /** When this returns, nothing more is appended through this link, until it is thawed. */
    void freeze() {
        frozen = true;
        Session now = session;
        if (now != null) {
            synchronized (now) {
                awaitAppended();
            }
        }
    }

    /** Goes on, with a new connection: what came meanwhile was dropped. */
    void thaw() {
        frozen = false;
        Session now = session;
        if (now != null) {
            fail(now, "the link was held up");
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
        lastWord = last;
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
        adapters.stop();
        state = LinkStatus.State.NONE;
    }

    private void run() {
        Duration pause = FIRST_PAUSE;
        while (running) {
            boolean useful = false;
            try {
                useful = connectAndStay();
            } catch (RuntimeException | Error e) {
                broken("it cannot be reached: " + rootMessage(e));
            }
            pause = useful ? FIRST_PAUSE : pause;
            sleep(pause);
            pause = min(pause.multipliedBy(2), LONGEST_PAUSE);
        }
    }

    /** Returns when the connection is over; whether it brought something, or lasted. */
    private boolean connectAndStay() {
        String failure = store.wal().failure();
        if (failure != null) {
            broken("this node can take nothing in: " + failure);
            state = LinkStatus.State.REFUSED;
            return false;
        }
        if (state != LinkStatus.State.REFUSED) {
            state = LinkStatus.State.CONNECTING;
        }
        TcpConnectionSupport connection = connect();
        Session now = new Session(connection);
        session = now;
        long begin = System.nanoTime();
        lastByte = begin;
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
        return now.useful || now.joined && System.nanoTime() - begin > 2 * LONGEST_PAUSE.toNanos();
    }

    private TcpConnectionSupport connect() {
        try {
            return adapters.connect();
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
            if (!reading && time - lastByte > self.timeout().toNanos()) {
                broken("nothing was heard from it for " + self.timeout().toMillis() + " ms");
                return;
            }
            awaitNews(told);
        }
        if (running && !now.refused) {
            broken(now.why.isEmpty() ? brokenOff(now) : now.why);
        } else if (!running && now.joined && now.connection.isOpen()) {
            sayLastWord(now);
        }
    }

    private String brokenOff(Session now) {
        if (now.greeted) {
            return "the connection broke";
        }
        return "the connection broke before an answer came; "
                + (self.tls() == null
                        ? "if the leader wants TLS, set keyval.replication.tls.bundle"
                        : "if the leader wants a certificate, look into the SSL bundle of keyval.replication.tls.bundle");
    }

    /** The leader closes when it has read it; closing first could take the word back. */
    private void sayLastWord(Session now) {
        byte[] word = lastWord;
        if (word == null) {
            return;
        }
        send(now, word);
        try {
            now.connection.shutdownOutput();
        } catch (IOException e) {
            return;
        }
        long end = System.nanoTime() + LAST_WORD_PATIENCE.toNanos();
        while (now.connection.isOpen() && end - System.nanoTime() > 0) {
            LockSupport.parkNanos(STEP);
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
        state = LinkStatus.State.CONNECTING;
    }

    private void refused(Session now, String why) {
        now.refused = true;
        now.why = why;
        now.broken = true;
        broken(why);
        state = LinkStatus.State.REFUSED;
        wake();
    }

    private void send(Session now, byte[] bytes) {
        adapters.send(now.connection, bytes);
    }

    /** Called by the connection's thread with what has come. */
    private void received(Message<?> message) {
        Session now = session;
        if (now == null || !LinkAdapters.isFrom(now.connection, message)) {
            return;
        }
        synchronized (now) {
            if (now.broken || !running || frozen) {
                return;
            }
            reading = true;
            try {
                take(now, (ByteBuffer) message.getPayload());
            } catch (UncheckedIOException e) {
                fail(now, "the sync file could not be written: " + rootMessage(e));
            } catch (RuntimeException e) {
                fail(now, rootMessage(e));
            } finally {
                heard(now);
                reading = false;
            }
        }
    }

    private void heard(Session now) {
        long time = System.nanoTime();
        lastByte = time;
        if (now.joined && !now.broken) {
            lastHeard = time;
        }
    }

    private void fail(Session now, String why) {
        now.why = why;
        now.broken = true;
        wake();
    }

    private void take(Session now, ByteBuffer bytes) {
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
            now.assembler.add(bytes, message -> handle(now, message));
        }
    }

    private void sayStatus(Session now) {
        state = LinkStatus.State.JOINING;
        Wal wal = store.wal();
        durable = wal.position();
        send(now, WireCodec.encode(WireMessage.Status.of(wal, self.port())));
    }

    private void handle(Session now, WireMessage message) {
        if (now.broken) {
            return;
        }
        switch (message) {
            case WireMessage.Continue(LogId id, _, long position) -> {
                if (now.joined || !id.equals(store.wal().id())) {
                    throw new WireException("the leader continues what is not here");
                }
                inStep = true;
                leaderAt(position);
                joined(
                        now,
                        LinkStatus.State.STREAMING,
                        "partial resync behind position " + durable);
                resynced.accept(new Resync.Continue(durable));
            }
            case WireMessage.Full full -> beginSync(now, full);
            case WireMessage.Data(ByteBuffer bytes) -> data(now, bytes);
            case WireMessage.SyncDone() -> finishSync(now);
            case WireMessage.Heartbeat(long position, long behind) -> {
                leaderAt(position);
                lagBytes = behind;
            }
            case WireMessage.Goodbye(String why) -> {
                now.why = "it said goodbye: " + why;
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
        long now = System.nanoTime();
        leaderPosition = position;
        clock.reached(position, now);
        settle();
        awaited.compareAndSet(null, new Heard(position, now));
        settle();
    }

    /** Notes when what was awaited is here. */
    private void settle() {
        Heard heard = awaited.get();
        if (heard != null
                && inStep
                && store.wal().position() >= heard.position()
                && awaited.compareAndSet(heard, null)) {
            current = heard.nanos();
        }
    }

    private void joined(Session now, LinkStatus.State next, String said) {
        state = next;
        reason = null;
        now.joined = true;
        log.info("Following the leader {}:{}: {}.", host, port, said);
        wake();
    }

    private void beginSync(Session now, WireMessage.Full full) {
        if (now.joined) {
            throw new WireException("the leader begins a second sync");
        }
        Wal wal = store.wal();
        boolean otherLog = !full.log().equals(wal.id());
        if (wal.position() > 0 && full.position() == 0 && !self.acceptEmptyLeader()) {
            refused(
                    now,
                    "the leader is empty, while this node holds %d keys; to let it be emptied, set keyval.replication.accept-empty-leader=true"
                            .formatted(store.keys()));
            return;
        }
        now.reason = full.reason();
        now.setAside = wal.position() > 0 && (otherLog || full.reason() != Resync.Reason.COMPACTED);
        try {
            syncing = new SyncFile(store, full.bytes(), now.spare);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        inStep = false;
        awaited.set(null);
        durable = 0;
        leaderAt(full.position());
        joined(
                now,
                LinkStatus.State.SYNCING,
                "full sync of %d bytes (%s)".formatted(full.bytes(), full.reason().text()));
    }

    private void data(Session now, ByteBuffer bytes) {
        if (!now.joined) {
            throw new WireException("the leader sent data before it said which");
        }
        SyncFile file = syncing;
        if (file != null) {
            try {
                file.write(bytes);
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
                            now.useful = true;
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

    private void finishSync(Session now) {
        SyncFile file = syncing;
        if (file == null) {
            throw new WireException("the end of a sync that did not begin");
        }
        LogId before = store.wal().id();
        try {
            Path aside = file.install(now.setAside);
            if (aside != null) {
                log.warn(
                        "The log that was here, {}, was replaced by the leader's, {} ({}); it is kept as {}.",
                        before,
                        store.wal().id(),
                        now.reason.text(),
                        aside);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        syncing = null;
        inStep = true;
        settle();
        durable = store.wal().position();
        now.useful = true;
        state = LinkStatus.State.STREAMING;
        resynced.accept(new Resync.Full(now.reason));
        log.info("Full sync done: {} keys at position {}.", store.keys(), durable);
        wake();
    }

    /** When this returns, nothing that came over this connection changes the store any more. */
    private void awaitReader(Session now) {
        synchronized (now) {
            now.broken = true;
            awaitAppended();
            SyncFile unfinished = syncing;
            syncing = null;
            if (unfinished != null) {
                unfinished.discard();
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
        return since(lastHeard);
    }

    /**
     * How old what is here may be: how long ago all that the leader had is known to have been here.
     * Null when it never was.
     */
    @Nullable Duration age() {
        settle();
        return since(current);
    }

    private static @Nullable Duration since(@Nullable Long nanos) {
        return nanos == null ? null : Duration.ofNanos(System.nanoTime() - nanos);
    }

    /** Whether everything that the leader was heard to have is here. */
    boolean isCaughtUp() {
        return inStep && store.wal().position() >= leaderPosition;
    }

    LinkStatus status() {
        long position = inStep ? store.wal().position() : 0;
        long leader = Math.max(leaderPosition, position);
        boolean behind = leader > position;
        SyncFile sync = syncing;
        return new LinkStatus(
                host + ":" + port,
                state,
                reason,
                leader,
                Math.max(0, leader - position),
                behind ? lagBytes : 0,
                clock.behind(position, System.nanoTime()),
                silence(),
                sync == null ? 0 : sync.written(),
                sync == null ? 0 : sync.total());
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
