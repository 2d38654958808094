package io.keyval.wal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A log that is open: takes groups of records or a leader's frames, and lets cursors read what is
 * durable.
 *
 * <p>All methods may be called by any thread but the log's own writer thread (its callbacks, see
 * {@link Outcome}), unless they say otherwise.
 */
public final class Wal implements AutoCloseable {

    private final WalOptions options;
    private final LogWriter writer;
    private final AtomicBoolean compacting = new AtomicBoolean();
    private volatile boolean copiesGivenUp;
    private final boolean torn;

    private Wal(WalOptions options, LogWriter writer, boolean torn) {
        this.options = options;
        this.torn = torn;
        this.writer = writer;
    }

    /**
     * Opens a log, or creates an empty one, and replays it into {@code sink} on the calling thread.
     * A torn tail is copied aside, cut off and told to the options' events. All that was replayed
     * is on disk when this returns, whatever the fsync policy.
     *
     * @throws CorruptLogException when something that was acknowledged is damaged; the file is as
     *     it was
     * @throws DataDirectoryException when the file cannot be read or written
     */
    public static Wal open(Path file, WalOptions options, RecordSink sink) {
        return open(file, options, new LogOpener(file, options).open(sink));
    }

    /**
     * Opens a log that has been read, as {@link #open(Path, WalOptions, RecordSink)} does behind
     * its replay. The replay is used up, and closed when this throws.
     *
     * @throws CorruptLogException when something that was acknowledged is damaged; the file is as
     *     it was
     * @throws DataDirectoryException when the file cannot be written
     */
    public static Wal open(LogReplay replay, WalOptions options) {
        Path file = replay.file();
        return open(file, options, new LogOpener(file, options).open(replay));
    }

    private static Wal open(Path file, WalOptions options, LogOpener.Opened opened) {
        return open(file, options, opened.channel(), opened.scan(), opened.torn());
    }

    /** A log that has been read and forced through {@code channel}, which is handed over. */
    static Wal open(Path file, WalOptions options, FileChannel channel, ScanResult scan) {
        return open(file, options, channel, scan, false);
    }

    private static Wal open(
            Path file, WalOptions options, FileChannel channel, ScanResult scan, boolean torn) {
        LogFile current =
                new LogFile(
                        file,
                        channel,
                        scan.header(),
                        scan.index(),
                        new LogFile.End(scan.end(), scan.position(), scan.epoch()));
        LogWriter writer = new LogWriter(options, current, scan.history());
        writer.start();
        return new Wal(options, writer, torn);
    }

    /**
     * Appends a group. Never waits; whoever adds many asks {@link #isFull} before each. The group
     * hears what became of it; it is refused behind a leader's frames, until {@link #startEpoch}: a
     * write that comes late to a node that has begun to follow must not pass for one of its
     * leader's.
     */
    public void append(RecordGroup group) {
        writer.enqueueNow(new LogWork.Append(group));
    }

    /** Whether so much is waiting for the disk that no more should be appended now. Any thread. */
    public boolean isFull() {
        return writer.isFull();
    }

    /**
     * Appends whole frames of a leader's log as they came out of its cursor. They must continue
     * this log, or begin before its end with frames that hold no records. Each is checked, marked
     * with what is durable here, written and forced like a group; then its records go to {@code
     * sink} on the writer thread, then {@code outcome} hears of it. Waits while {@link #isFull}.
     *
     * @param frames whole frames; handed over
     */
    public void appendFrames(ByteBuffer frames, RecordSink sink, Outcome outcome) {
        writer.enqueue(new LogWork.Frames(frames, sink, outcome));
    }

    /**
     * Returns when everything that was appended before is in the log or refused.
     *
     * @throws WalException when the log takes nothing more
     */
    public void settle() {
        await(writer.turn(() -> true));
    }

    /**
     * Begins a new epoch; when it returns, the epoch is on disk.
     *
     * @return the new epoch's value
     * @throws WalException when it could not be written
     */
    public long startEpoch() {
        return startEpoch(0);
    }

    /**
     * Begins a new epoch; when it returns, the epoch is on disk.
     *
     * @param seen the value of the latest epoch that is known from elsewhere, 0 when there is none;
     *     the new one is later than both it and the log's own
     * @return the new epoch's value
     * @throws WalException when it could not be written
     */
    public long startEpoch(long seen) {
        return await(writer.turn(() -> writer.writeEpoch(seen)));
    }

    /** Whether a torn tail was cut off when this log was opened. */
    public boolean wasTorn() {
        return torn;
    }

    /** The history that this log belongs to. */
    public LogId id() {
        return writer.current().header.id();
    }

    /** The value of the newest epoch, 0 when none has begun. */
    public long epoch() {
        return writer.current().end.epoch();
    }

    /**
     * The position of the last record that is durable by the fsync policy; 0 when there is none.
     */
    public long position() {
        return writer.current().end.position();
    }

    /** Records above this position are in the file one by one. */
    public long basePosition() {
        return writer.current().header.basePosition();
    }

    /** All epochs of this log that are known, oldest first. */
    public List<Epoch> history() {
        return writer.history();
    }

    /** Bytes of the file that are durable by the fsync policy. */
    public long size() {
        return writer.current().end.offset();
    }

    /** The file. */
    public Path file() {
        return writer.current().path;
    }

    /** Why the log takes nothing more, or null while it does. */
    public @Nullable String failure() {
        LogFailedException failure = writer.failure();
        return failure == null ? null : failure.getMessage();
    }

    /** Why the last write could not be done, or null when it could; later writes may succeed. */
    public @Nullable String stall() {
        return writer.stall();
    }

    /** A cursor in front of the file header: reads the whole log. */
    public WalCursor cursorFromStart() {
        return writer.openCursorFromStart();
    }

    /**
     * A cursor behind {@code position}, or null when the log does not hold all that follows it: the
     * position is below {@link #basePosition()}, above {@link #position()}, or inside a frame.
     */
    public @Nullable WalCursor cursorAfter(long position) {
        return writer.openCursorAfter(position);
    }

    /**
     * Puts the file in the place of {@code target} in one step; durable on return.
     *
     * @throws WalException when it could not be done; the log is then where it was
     */
    public void moveTo(Path target) {
        await(
                writer.turn(
                        () -> {
                            writer.moveTo(target);
                            return true;
                        }));
    }

    /**
     * Writes a shorter log that says the same beside this one, and puts it in its place. Readers
     * and writers go on meanwhile; writers wait only for the switch. A crash at any point leaves
     * one good log. Blocks until it is done.
     *
     * @param live the state that all records committed so far led to, or a later one
     * @param retain about how many of the newest bytes to keep as they are, for followers that are
     *     away; where that is the whole log, nothing is written and it stays as it is
     * @throws LogRefusedException when another compaction runs, or there is no room or an I/O
     *     error, or {@link #giveUpCopies} was called; the log is then as it was
     * @throws LogFailedException when the log takes nothing more, or the switch could not be made
     *     durable
     */
    public CompactionResult compact(LiveRecords live, long retain) {
        if (!compacting.compareAndSet(false, true)) {
            throw new LogRefusedException("A compaction is running already.", null);
        }
        try {
            CompactionResult result =
                    new Compaction(writer, options.files(), live, retain, this::checkCopies).run();
            if (result.bytesAfter() != result.bytesBefore() || result.records() > 0) {
                options.events().compacted(file(), result);
            }
            return result;
        } catch (IllegalStateException e) {
            throw new LogRefusedException(
                    "The compaction of %s was given up, the log is as it was: %s"
                            .formatted(file(), e.getMessage()),
                    e);
        } finally {
            compacting.set(false);
        }
    }

    /**
     * Writes the file anew, with all it held, where it was removed or renamed by somebody else
     * while the log is open: without that, all would be gone when the log is closed. Writers wait
     * meanwhile; what is written anew is on disk when this returns.
     *
     * @return whether the file was gone
     * @throws LogRefusedException when it is gone and cannot be written; the log goes on without
     */
    public boolean restoreIfGone() {
        if (options.files().exists(file())) {
            return false;
        }
        try {
            return await(writer.turn(writer::restoreIfGone));
        } catch (UncheckedIOException e) {
            throw new LogRefusedException(
                    "The log %s was removed or renamed while it is open, and cannot be written anew: %s."
                            .formatted(file(), e.getCause().getMessage()),
                    e);
        }
    }

    /**
     * Ends compactions and copies of this log that run, soon: they fail as if there were no room,
     * and so does every later one. Returns at once.
     */
    public void giveUpCopies() {
        copiesGivenUp = true;
    }

    private void checkCopies() {
        if (copiesGivenUp) {
            throw new LogRefusedException(
                    "The copying of %s was given up because the node stops; the log is as it was."
                            .formatted(file()),
                    null);
        }
    }

    /**
     * Copies the log as it is durable now into a new file, forces it, and checks all of it.
     *
     * @return bytes written
     * @throws LogRefusedException when the target exists, has no room, or cannot be written
     * @throws CorruptLogException when the copy shows that this log is damaged; there is then no
     *     copy
     */
    public long copyTo(Path target) {
        WalFiles files = options.files();
        try (WalCursor cursor = cursorFromStart();
                FileChannel channel =
                        files.open(
                                target,
                                StandardOpenOption.CREATE_NEW,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE)) {
            try {
                return copyTo(target, cursor, channel);
            } catch (IOException | RuntimeException e) {
                files.delete(target);
                throw e;
            }
        } catch (IOException e) {
            throw new LogRefusedException(
                    "The copy %s could not be written: %s.".formatted(target, e.getMessage()), e);
        }
    }

    private long copyTo(Path target, WalCursor cursor, FileChannel channel) throws IOException {
        long usable = options.files().usableSpace(target);
        if (usable < cursor.remaining()) {
            throw new LogRefusedException(
                    "The copy %s needs %d bytes and %d are free."
                            .formatted(target, cursor.remaining(), usable),
                    null);
        }
        long size = cursor.copyAll(channel, this::checkCopies);
        channel.force(true);
        options.files().syncDirectory(LogOpener.directory(target));
        Damage damage = LogScanner.scan(target, channel, new CheckedCopy()).damage();
        if (damage != null) {
            throw new CorruptLogException(file(), damage.offset(), damage.what());
        }
        return size;
    }

    /** Reads a copy and forgets it, and goes no further than it may. */
    private final class CheckedCopy implements LogScanner.Visitor {

        @Override
        public void put(byte[] key, byte[] value) {}

        @Override
        public void delete(byte[] key) {}

        @Override
        public void progress(long records, long offset) {
            checkCopies();
        }
    }

    /**
     * Writes what is waiting, seals the end with an empty frame, forces and closes the file. What
     * is appended afterwards is refused. Idempotent.
     */
    @Override
    public void close() {
        writer.close();
    }

    /** Waits for a turn of the writer; throws what it threw. */
    static <T> T await(CompletableFuture<T> turn) {
        try {
            return turn.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof WalException cause) {
                throw cause;
            }
            if (e.getCause() instanceof IOException cause) {
                throw new UncheckedIOException(cause);
            }
            throw e;
        }
    }

    /** All files that a log of this name leaves behind when it is interrupted at its work. */
    public static List<String> temporarySuffixes() {
        return new ArrayList<>(List.of(LogOpener.FRESH_SUFFIX, Compaction.SUFFIX, SYNC_SUFFIX));
    }

    /** The suffix of the file that a full sync writes. */
    public static final String SYNC_SUFFIX = ".sync";
}
