package io.keyval.replication;

import io.keyval.store.KeyValueStore;
import io.keyval.wal.LogId;
import io.keyval.wal.Wal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * One connection of a follower to its leader, from the greeting until it is closed.
 *
 * <p>The link's thread greets, acknowledges and watches; the connection's thread brings what the
 * leader says. That one works in the monitor of the session, so that whoever holds it knows nothing
 * to be taken in meanwhile.
 */
final class LeaderSession {

    /** How the session reaches its connection. */
    interface Peer {

        String connectionId();

        /** Sends bytes; blocks while the leader does not take them, fails when it is closed. */
        void send(byte[] bytes);

        boolean isOpen();

        /** Sends nothing more, and still receives. */
        void shutdownOutput() throws IOException;

        /** Closes the connection, and what blocks on it. */
        void close();
    }

    private static final Duration LAST_WORD_PATIENCE = Duration.ofSeconds(1);
    private static final long STEP = Duration.ofMillis(5).toNanos();
    private static final int MAX_PAYLOAD = 1 << 30;
    private static final int MAX_HELLO = 256;

    private final FollowerIdentity self;
    private final Peer peer;
    private final KeyValueStore store;
    private final LinkRun run;
    private final LinkState state;
    private final FollowerLag lag;
    private final Consumer<Resync> resynced;
    private final LogReceiver receiver;
    private final MessageAssembler assembler;
    private final StringBuilder hello = new StringBuilder();

    private volatile boolean greeted;
    private volatile boolean joined;
    private volatile boolean broken;
    private volatile boolean refused;
    private volatile String why = "";

    /** When a byte last came, or the connection was made. */
    private volatile long lastByte = System.nanoTime();

    /** Whether the reading thread is at work on what has come, rather than waiting for more. */
    private volatile boolean reading;

    /**
     * A session on a connection over which nothing was said.
     *
     * @param resynced is told, by the connection's thread, when this node is brought to the
     *     leader's history
     */
    LeaderSession(
            FollowerIdentity self,
            Peer peer,
            KeyValueStore store,
            LinkRun run,
            LinkState state,
            FollowerLag lag,
            Consumer<Resync> resynced) {
        this.self = self;
        this.peer = peer;
        this.store = store;
        this.run = run;
        this.state = state;
        this.lag = lag;
        this.resynced = resynced;
        SpareArrays spare = new SpareArrays();
        this.receiver = new LogReceiver(store, run, this::breakOff, spare);
        this.assembler = new MessageAssembler(MAX_PAYLOAD, spare);
    }

    String connectionId() {
        return peer.connectionId();
    }

    /** What the connection brings. */
    LogReceiver receiver() {
        return receiver;
    }

    /** Whether the leader took this follower in. */
    boolean isJoined() {
        return joined;
    }

    /**
     * Greets, and acknowledges what becomes durable, at least once a heartbeat, while the
     * connection lives and the link runs; for the link's thread.
     */
    void stay() {
        peer.send(
                ("HELLO FOLLOWER|" + self.id() + ":" + self.secret() + "\n")
                        .getBytes(StandardCharsets.UTF_8));
        long told = -1;
        long beat = System.nanoTime();
        while (run.isRunning() && !broken && peer.isOpen()) {
            long position = receiver.durable();
            long time = System.nanoTime();
            if (joined && (position != told || time - beat >= self.heartbeat().toNanos())) {
                told = position;
                beat = time;
                peer.send(WireCodec.encode(new WireMessage.Ack(position)));
            }
            if (!reading && time - lastByte > self.timeout().toNanos()) {
                state.broken("nothing was heard from it for " + self.timeout().toMillis() + " ms");
                return;
            }
            awaitNews(told);
        }
        if (run.isRunning() && !refused) {
            state.broken(why.isEmpty() ? brokenOff() : why);
        } else if (!run.isRunning() && joined && peer.isOpen()) {
            sayLastWord();
        }
    }

    private void awaitNews(long told) {
        run.awaitNews(
                () -> !broken && (receiver.durable() == told || !joined),
                Math.max(1, self.heartbeat().toMillis() / 2));
    }

    private String brokenOff() {
        if (greeted) {
            return "the connection broke";
        }
        return "the connection broke before an answer came; "
                + (self.tls() == null
                        ? "if the leader wants TLS, set keyval.replication.tls.bundle"
                        : "if the leader wants a certificate, look into the SSL bundle of keyval.replication.tls.bundle");
    }

    /** The leader closes when it has read it; closing first could take the word back. */
    private void sayLastWord() {
        byte[] word = run.lastWord();
        if (word == null) {
            return;
        }
        peer.send(word);
        try {
            peer.shutdownOutput();
        } catch (IOException e) {
            return;
        }
        long end = System.nanoTime() + LAST_WORD_PATIENCE.toNanos();
        while (peer.isOpen() && end - System.nanoTime() > 0) {
            LockSupport.parkNanos(STEP);
        }
    }

    /** When this returns, nothing that came over this connection changes the store any more. */
    void close() {
        peer.close();
        synchronized (this) {
            broken = true;
            receiver.awaitAppended();
            receiver.discard();
        }
    }

    /** When this returns, the log has answered all that has come; more may come. */
    synchronized void awaitAppended() {
        receiver.awaitAppended();
    }

    /** The connection is of no use any more, for this reason; it is closed soon. */
    void fail(String cause) {
        breakOff(cause);
        run.wake();
    }

    private void breakOff(String cause) {
        why = cause;
        broken = true;
    }

    private void refused(String cause) {
        refused = true;
        breakOff(cause);
        state.refused(cause);
        run.wake();
    }

    /**
     * Takes in what the leader sent, unless the session is over or the link takes nothing; for the
     * connection's thread. Never throws but for errors.
     *
     * @param bytes not kept
     */
    synchronized void received(ByteBuffer bytes) {
        if (broken || !run.isTaking()) {
            return;
        }
        reading = true;
        try {
            take(bytes);
        } catch (UncheckedIOException e) {
            fail("the sync file could not be written: " + LinkState.reasonOf(e));
        } catch (RuntimeException e) {
            fail(LinkState.reasonOf(e));
        } finally {
            heard();
            reading = false;
        }
    }

    private void heard() {
        long time = System.nanoTime();
        lastByte = time;
        if (joined && !broken) {
            lag.heard(time);
        }
    }

    private void take(ByteBuffer bytes) {
        while (!greeted && bytes.hasRemaining()) {
            char next = (char) (bytes.get() & 0xff);
            if (next != '\n' && hello.length() < MAX_HELLO) {
                hello.append(next);
                continue;
            }
            String line = hello.toString();
            if (!line.equals("HELLO LEADER")) {
                refused("it answered " + line);
                return;
            }
            greeted = true;
            sayStatus();
        }
        if (greeted) {
            assembler.add(bytes, this::handle);
        }
    }

    private void sayStatus() {
        state.joining();
        Wal wal = store.wal();
        receiver.durableUpTo(wal.position());
        peer.send(WireCodec.encode(WireMessage.Status.of(wal, self.port())));
    }

    private void handle(WireMessage message) {
        if (broken) {
            return;
        }
        switch (message) {
            case WireMessage.Continue(LogId id, _, long position) -> continueLog(id, position);
            case WireMessage.Full full -> beginSync(full);
            case WireMessage.Data(ByteBuffer bytes) -> {
                if (!joined) {
                    throw new WireException("the leader sent data before it said which");
                }
                receiver.take(bytes);
            }
            case WireMessage.SyncDone() -> finishSync();
            case WireMessage.Heartbeat(long position, long behind) -> {
                lag.leaderAt(position);
                lag.behindBy(behind);
            }
            case WireMessage.Goodbye(String cause) -> {
                why = "it said goodbye: " + cause;
                if (joined) {
                    broken = true;
                    run.wake();
                } else {
                    refused(cause);
                }
            }
            case WireMessage.Status _, WireMessage.Ack _ ->
                    throw new WireException("the leader sent what only a follower says");
        }
    }

    private void continueLog(LogId id, long leaderPosition) {
        if (joined || !id.equals(store.wal().id())) {
            throw new WireException("the leader continues what is not here");
        }
        lag.inStep();
        lag.leaderAt(leaderPosition);
        long position = receiver.durable();
        joined(LinkStatus.State.STREAMING, "partial resync behind position " + position);
        resynced.accept(new Resync.Continue(position));
    }

    private void beginSync(WireMessage.Full full) {
        if (joined) {
            throw new WireException("the leader begins a second sync");
        }
        if (store.wal().position() > 0 && full.position() == 0 && !self.acceptEmptyLeader()) {
            refused(
                    "the leader is empty, while this node holds %d keys; to let it be emptied, set keyval.replication.accept-empty-leader=true"
                            .formatted(store.keys()));
            return;
        }
        receiver.beginSync(full);
        lag.outOfStep();
        lag.leaderAt(full.position());
        joined(
                LinkStatus.State.SYNCING,
                "full sync of %d bytes (%s)".formatted(full.bytes(), full.reason().text()));
    }

    private void joined(LinkStatus.State next, String how) {
        state.joined(next);
        joined = true;
        state.following(how);
        run.wake();
    }

    private void finishSync() {
        Resync.Reason reason = receiver.finishSync();
        lag.inStep();
        receiver.durableUpTo(store.wal().position());
        state.streaming();
        resynced.accept(new Resync.Full(reason));
        state.synced(store.keys(), receiver.durable());
        run.wake();
    }
}
