package io.keyval.cluster;

import io.keyval.store.Replica;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the snapshots of a shard, one at a time, each on a thread of its own while applies go on.
 *
 * <p>The thread that applies counts and begins. A snapshot that is written is whole, and the latest
 * one only when it was {@link #publish published}.
 */
final class SnapshotWriter {

    private static final Logger log = LoggerFactory.getLogger(SnapshotWriter.class);

    /** Bytes that an entry takes in the log besides its data, about. */
    private static final int ENTRY_OVERHEAD = 64;

    private final String name;
    private final long threshold;
    private final SnapshotStorage snapshots;
    private final Predicate<Replica> wanted;
    private final Runnable written;
    private final AtomicBoolean underWay = new AtomicBoolean();

    private volatile long loggedBytes;
    private volatile @Nullable SingleFileSnapshotInfo finished;

    /**
     * A writer that has written nothing.
     *
     * @param name of the shard, for people
     * @param threshold bytes of entries behind a snapshot after which the next one is written
     * @param snapshots where they are written to
     * @param wanted whether this data is still what the shard has, and the shard is open
     * @param written is told, by the thread that wrote, of a snapshot that can be published
     */
    SnapshotWriter(
            String name,
            long threshold,
            SnapshotStorage snapshots,
            Predicate<Replica> wanted,
            Runnable written) {
        this.name = name;
        this.threshold = threshold;
        this.snapshots = snapshots;
        this.wanted = wanted;
        this.written = written;
    }

    /** Counts from nothing again: all that is here is in a snapshot. */
    void restart() {
        loggedBytes = 0;
    }

    /**
     * An entry was applied; begins a snapshot where that is enough, and none is being written. For
     * the thread that applies.
     *
     * @param bytes of the entry's data
     * @param at where the entry stands
     * @param data that it was applied to
     */
    void applied(int bytes, TermIndex at, Replica data) {
        loggedBytes += bytes + ENTRY_OVERHEAD;
        if (loggedBytes >= threshold) {
            start(at, data);
        }
    }

    private void start(TermIndex at, Replica data) {
        if (!wanted.test(data) || !underWay.compareAndSet(false, true)) {
            return;
        }
        loggedBytes = 0;
        Thread.ofPlatform().name("keyval-snapshot-" + name).daemon().start(() -> write(at, data));
    }

    private void write(TermIndex at, Replica data) {
        try {
            long begin = System.nanoTime();
            Path file = snapshots.file(at);
            data.writeSnapshot(file, at.getTerm(), at.getIndex(), new byte[0]);
            finished = SnapshotStorage.describe(file, at);
            log.debug(
                    "{}: wrote a snapshot up to index {} in {} ms",
                    name,
                    at.getIndex(),
                    Duration.ofNanos(System.nanoTime() - begin).toMillis());
            written.run();
        } catch (RuntimeException e) {
            if (wanted.test(data)) {
                log.warn("{}: no snapshot could be written: {}", name, e.getMessage());
            }
        } finally {
            underWay.set(false);
        }
    }

    /**
     * Makes the newest snapshot that is written the latest one, unless there is a later one.
     *
     * @return the index of the latest one; {@link RaftLog#INVALID_LOG_INDEX} when there is none
     */
    long publish() {
        SingleFileSnapshotInfo newest = finished;
        SingleFileSnapshotInfo known = snapshots.getLatestSnapshot();
        if (newest != null && (known == null || known.getIndex() < newest.getIndex())) {
            snapshots.publish(newest);
            return newest.getIndex();
        }
        return known == null ? RaftLog.INVALID_LOG_INDEX : known.getIndex();
    }
}
