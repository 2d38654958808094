package io.keyval.replication;

import io.keyval.wal.Wal;
import io.keyval.wal.WalCursor;
import io.keyval.wal.WalException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a leader sends to one follower, message by message: the answer to its status, then the log
 * from where the follower needs it. Holds a cursor and no more than the message at hand.
 *
 * <p>One thread at a time takes messages; any thread may ask how far it is.
 */
final class Feed implements AutoCloseable {

    private static final int BATCH_BYTES = 256 << 10;

    /** In a full sync; a frame of a compacted log fits in. */
    private static final int SYNC_BATCH_BYTES = (1 << 20) + (64 << 10);

    private final Resync decision;
    private final WalCursor cursor;
    private final WireMessage answer;
    private final long syncBytes;
    private volatile boolean syncing;
    private volatile long sentBytes;

    private Feed(Resync decision, WalCursor cursor, WireMessage answer, long syncBytes) {
        this.decision = decision;
        this.cursor = cursor;
        this.answer = answer;
        this.syncBytes = syncBytes;
        this.syncing = decision instanceof Resync.Full;
    }

    /**
     * Opens the feed that the follower needs.
     *
     * @throws WalException when the log cannot be read
     */
    static Feed open(Wal wal, Resync.Follower follower) {
        Resync decision = Resync.decide(follower, Resync.Leader.of(wal));
        return switch (decision) {
            case Resync.Continue(long position) -> {
                WalCursor cursor = wal.cursorAfter(position);
                yield cursor == null
                        ? full(wal, new Resync.Full(Resync.Reason.COMPACTED))
                        : new Feed(
                                decision,
                                cursor,
                                new WireMessage.Continue(wal.id(), wal.epoch(), wal.position()),
                                0);
            }
            case Resync.Full full -> full(wal, full);
        };
    }

    private static Feed full(Wal wal, Resync.Full decision) {
        WalCursor cursor = wal.cursorFromStart();
        long bytes = cursor.remaining();
        WireMessage answer =
                new WireMessage.Full(
                        wal.id(), wal.epoch(), wal.position(), bytes, decision.reason());
        return new Feed(decision, cursor, answer, bytes);
    }

    Resync decision() {
        return decision;
    }

    /** The first message. */
    WireMessage answer() {
        return answer;
    }

    /**
     * The next message behind the answer, or null when there is nothing to send yet. Does not wait.
     *
     * @throws WalException when the log cannot be read, or does not hold what is next any more
     */
    @Nullable WireMessage next() {
        if (syncing && sentBytes >= syncBytes) {
            syncing = false;
            return new WireMessage.SyncDone();
        }
        ByteBuffer bytes = cursor.read(syncing ? SYNC_BATCH_BYTES : BATCH_BYTES);
        if (bytes == null) {
            return null;
        }
        sentBytes += bytes.remaining();
        return new WireMessage.Data(bytes);
    }

    /** Whether the next message would be as long as any. */
    boolean isBatchFull() {
        return cursor.remaining() >= BATCH_BYTES;
    }

    /** Waits until there is more to send, or the time is over. */
    void await(Duration time) throws InterruptedException {
        cursor.await(time);
    }

    /** The last position that was handed out. */
    long position() {
        return cursor.position();
    }

    /** Bytes of the log that were handed out. */
    long sentBytes() {
        return sentBytes;
    }

    /** Bytes of the log that are durable and were not handed out. */
    long remaining() {
        return cursor.remaining();
    }

    /** Whether a full sync is not yet done. */
    boolean isSyncing() {
        return syncing;
    }

    /** Bytes to hand out before a full sync is done; 0 in a partial resync. */
    long syncBytes() {
        return syncBytes;
    }

    @Override
    public void close() {
        cursor.close();
    }
}
