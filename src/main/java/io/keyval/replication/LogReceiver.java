package io.keyval.replication;

import io.keyval.store.KeyValueStore;
import io.keyval.wal.LogId;
import io.keyval.wal.Outcome;
import io.keyval.wal.Wal;
import io.keyval.wal.WalException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts what one connection brings of the leader's log into this node's store: frames behind its
 * log, or a whole log in the place of it.
 *
 * <p>One thread at a time brings it, that of the connection; the log's writer thread answers, or
 * that one where the log is closed; any thread may ask how far it is.
 */
final class LogReceiver {

    private static final Logger log = LoggerFactory.getLogger(Replication.class);

    private final KeyValueStore store;
    private final LinkRun run;
    private final Consumer<String> refused;
    private final SpareArrays spare;

    /** Batches that the log has not answered. */
    private final AtomicInteger appending = new AtomicInteger();

    private volatile @Nullable SyncFile syncing;
    private volatile long durable;
    private volatile boolean useful;

    private boolean setAside;
    private Resync.Reason reason = Resync.Reason.UNKNOWN;

    /**
     * A receiver that nothing has come to.
     *
     * @param run is woken when the log has answered
     * @param refused takes why the log did not append what came, before the run is woken; called by
     *     the log's writer thread, so it may not block, or by the one that brings, where the log is
     *     closed
     * @param spare takes the arrays of what is not used any more
     */
    LogReceiver(KeyValueStore store, LinkRun run, Consumer<String> refused, SpareArrays spare) {
        this.store = store;
        this.run = run;
        this.refused = refused;
        this.spare = spare;
    }

    /** What may be acknowledged: the position of the last durable record that is the leader's. */
    long durable() {
        return durable;
    }

    /** All that the log holds up to here is durable. */
    void durableUpTo(long position) {
        durable = position;
    }

    /** Whether anything that came is in the store. */
    boolean isUseful() {
        return useful;
    }

    /** The full sync that is under way, or null. */
    @Nullable SyncFile syncing() {
        return syncing;
    }

    /**
     * What comes from now on is a whole log, until {@link #finishSync}. Nothing is durable before.
     *
     * @throws UncheckedIOException when there can be no file for it
     */
    void beginSync(WireMessage.Full full) {
        Wal wal = store.wal();
        boolean otherLog = !full.log().equals(wal.id());
        reason = full.reason();
        setAside = wal.position() > 0 && (otherLog || full.reason() != Resync.Reason.COMPACTED);
        try {
            syncing = new SyncFile(store, full.bytes(), spare);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        durable = 0;
    }

    /**
     * Takes the next bytes of the log: into the file of the full sync if one is under way, else to
     * be appended, without waiting for it.
     *
     * @param bytes all of an array, which is handed over
     * @throws UncheckedIOException when the file cannot be written
     */
    void take(ByteBuffer bytes) {
        SyncFile file = syncing;
        if (file != null) {
            try {
                file.write(bytes);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return;
        }
        appending.incrementAndGet();
        store.appendFrames(bytes, new Batch());
    }

    /** What becomes of frames that were handed to the log. */
    private final class Batch implements Outcome {

        @Override
        public void committed(long position) {
            durable = position;
            useful = true;
            answered();
        }

        @Override
        public void refused(WalException cause) {
            refused.accept(String.valueOf(cause.getMessage()));
            answered();
        }

        private void answered() {
            appending.decrementAndGet();
            run.wake();
        }
    }

    /**
     * The whole log has come: when this returns, it is durable and served. What it replaced is told
     * of if it is kept.
     *
     * @return why the full sync was needed
     * @throws WireException when none is under way
     * @throws UncheckedIOException when it cannot be installed; what was there is still served then
     */
    Resync.Reason finishSync() {
        SyncFile file = syncing;
        if (file == null) {
            throw new WireException("the end of a sync that did not begin");
        }
        LogId before = store.wal().id();
        try {
            Path aside = file.install(setAside);
            if (aside != null) {
                log.warn(
                        "The log that was here, {}, was replaced by the leader's, {} ({}); it is kept as {}.",
                        before,
                        store.wal().id(),
                        reason.text(),
                        aside);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        syncing = null;
        useful = true;
        return reason;
    }

    /** When this returns, the log has answered all that it was given. */
    void awaitAppended() {
        run.awaitUntil(() -> appending.get() == 0);
    }

    /** Gives up a full sync that is not installed. */
    void discard() {
        SyncFile unfinished = syncing;
        syncing = null;
        if (unfinished != null) {
            unfinished.discard();
        }
    }
}
