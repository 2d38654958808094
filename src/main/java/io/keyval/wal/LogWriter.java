package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that writes a log. What waits together is written with one write and forced with
 * one force (group commit).
 *
 * <p>Fields marked so belong to the writer thread alone; nobody interrupts it.
 */
final class LogWriter {

    /** A frame takes in more groups while its body is smaller than this. */
    private static final int FRAME_BYTES = 1 << 20;

    /** The buffer that is kept grows up to here; what is larger gets one of its own. */
    private static final int KEPT_BUFFER = FRAME_BYTES + (64 << 10);

    private final WalOptions options;
    private final Thread thread;

    private final WorkQueue queue;

    private final Object growth = new Object();
    private final Object place = new Object();

    private final LogTail tail;
    private volatile List<Epoch> history;

    // The writer thread's own. What was taken is removed when it is told what became of it.
    private final ArrayDeque<LogWork> taken = new ArrayDeque<>();
    private ByteBuffer buffer = ByteBuffer.allocateDirect(64 << 10);
    private long position;
    private long epoch;

    /** Whether what was written last is a leader's; only a new epoch makes this log one's own. */
    private boolean copying;

    LogWriter(WalOptions options, LogFile current, List<Epoch> history) {
        this.options = options;
        this.tail = new LogTail(options, current);
        this.history = List.copyOf(history);
        this.position = current.end.position();
        this.epoch = current.end.epoch();
        this.queue = new WorkQueue(options.maxPendingBytes());
        this.thread =
                Thread.ofPlatform()
                        .daemon()
                        .name("wal-" + current.path.getFileName())
                        .unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    LogFile current() {
        return tail.file();
    }

    List<Epoch> history() {
        return history;
    }

    @Nullable LogFailedException failure() {
        return tail.failure();
    }

    @Nullable String stall() {
        return tail.stall();
    }

    /** When the log has failed, the writer refuses it behind what came before. */
    void enqueue(LogWork work) {
        if (!queue.add(work)) {
            refuse(work);
        }
    }

    /** As {@link #enqueue}, but never waits for room. */
    void enqueueNow(LogWork work) {
        if (!queue.addNow(work)) {
            refuse(work);
        }
    }

    private void refuse(LogWork work) {
        LogFailedException reason = tail.failure();
        work.refuse(reason == null ? closed() : reason);
    }

    private LogFailedException closed() {
        return new LogFailedException("The log %s is closed.".formatted(tail.file().path), null);
    }

    boolean isFull() {
        return queue.isFull();
    }

    /** Runs {@code action} on the writer thread, between two writes. */
    <T> CompletableFuture<T> turn(Callable<T> action) {
        CompletableFuture<T> done = new CompletableFuture<>();
        enqueue(new LogWork.Turn<>(action, done));
        return done;
    }

    void close() {
        queue.close();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (queue.take(taken, FRAME_BYTES, tail::untilForce)) {
                work();
                tail.forceIfDue();
            }
            seal();
        } catch (Throwable e) {
            tail.fail("the writer stopped: " + e, e);
        } finally {
            refuseWaiting();
            try {
                tail.file().channel.close();
            } catch (IOException e) {
                tail.fail("the file could not be closed: " + e.getMessage(), e);
            }
        }
    }

    private void work() {
        if (taken.isEmpty()) {
            return;
        }
        LogFailedException failed = tail.failure();
        if (failed != null) {
            refuseTaken(failed);
            return;
        }
        switch (taken.getFirst()) {
            case LogWork.Append _ -> writeGroups();
            case LogWork.Frames _ -> writeFrames();
            case LogWork.Turn<?> turn -> {
                taken.removeFirst();
                turn.run();
            }
        }
    }

    private void writeGroups() {
        if (copying) {
            refuseTaken(
                    new LogRefusedException(
                            "%s copies a leader's log and takes no writes of its own."
                                    .formatted(tail.file().path),
                            null));
            return;
        }
        int count = 0;
        for (LogWork work : taken) {
            count += ((LogWork.Append) work).group().count();
        }
        ByteBuffer frame;
        try {
            frame = frameOfTaken(count);
        } catch (RuntimeException | OutOfMemoryError e) {
            refuseTaken(
                    new LogRefusedException(
                            "The records could not be laid out for %s: %s."
                                    .formatted(tail.file().path, e),
                            e));
            return;
        }
        WalException refusal = tail.write(frame, position + 1);
        if (refusal == null) {
            refusal = tail.forceIfAlways();
        }
        if (refusal != null) {
            refuseTaken(refusal);
            return;
        }
        long first = position + 1;
        position += count;
        publish();
        while (!taken.isEmpty()) {
            RecordGroup group = ((LogWork.Append) taken.removeFirst()).group();
            group.committed(first);
            first += group.count();
        }
    }

    private ByteBuffer frameOfTaken(int count) {
        int bytes = FrameCodec.FRAME_HEADER_SIZE;
        for (LogWork work : taken) {
            bytes = Math.addExact(bytes, work.bytes());
        }
        ByteBuffer frame = buffer(bytes).position(FrameCodec.FRAME_HEADER_SIZE);
        for (LogWork work : taken) {
            ((LogWork.Append) work).group().encode(frame);
        }
        stamp(frame.flip(), count);
        return frame;
    }

    /** Writes the header of a frame whose body stands behind it already. */
    private void stamp(ByteBuffer frame, int count) {
        int length = frame.limit() - FrameCodec.FRAME_HEADER_SIZE;
        int crc = FrameCodec.crc(frame.slice(FrameCodec.FRAME_HEADER_SIZE, length));
        FrameCodec.encodeFrameHeader(
                frame,
                0,
                tail.file().header.id(),
                new FrameHeader(
                        FrameCodec.RECORDS,
                        length,
                        crc,
                        epoch,
                        position + 1,
                        tail.unforced(),
                        count));
    }

    private void writeFrames() {
        int bytes = 0;
        for (LogWork work : taken) {
            bytes += work.bytes();
        }
        ByteBuffer target = buffer(bytes);
        FrameRun run =
                new FrameRun(tail.file().header.id(), target, tail.unforced(), position, epoch);
        ArrayDeque<Long> last = new ArrayDeque<>(taken.size());
        for (Iterator<LogWork> works = taken.iterator(); works.hasNext(); ) {
            LogWork.Frames frames = (LogWork.Frames) works.next();
            String wrong = run.add(frames.frames().duplicate());
            if (wrong != null) {
                works.remove();
                frames.refuse(
                        new LogRefusedException(
                                "Frames do not continue the log %s: %s."
                                        .formatted(tail.file().path, wrong),
                                null));
                continue;
            }
            last.add(run.position());
        }
        WalException refusal = null;
        if (target.position() > 0) {
            refusal = tail.write(target.flip(), position + 1);
            if (refusal == null) {
                refusal = tail.forceIfAlways();
            }
        }
        if (refusal != null) {
            refuseTaken(refusal);
            return;
        }
        copying |= !last.isEmpty();
        position = run.position();
        if (run.epoch() != epoch) {
            epoch = run.epoch();
            List<Epoch> longer = new ArrayList<>(history);
            longer.addAll(run.begun());
            history = List.copyOf(longer);
        }
        publish();
        while (!taken.isEmpty()) {
            LogWork.Frames frames = (LogWork.Frames) taken.getFirst();
            FrameRun.replay(frames.frames(), frames.sink());
            taken.removeFirst();
            frames.outcome().committed(last.removeFirst());
        }
    }

    /** Begins the next epoch with an empty frame that is forced whatever the policy. */
    long writeEpoch(long seen) {
        long next = Epoch.after(Math.max(epoch, seen));
        long before = epoch;
        epoch = next;
        WalException refusal = writeMark();
        if (refusal != null) {
            epoch = before;
            throw refusal;
        }
        List<Epoch> longer = new ArrayList<>(history);
        longer.add(new Epoch(next, position + 1));
        history = List.copyOf(longer);
        copying = false;
        publish();
        return next;
    }

    private @Nullable WalException writeMark() {
        WalException refusal = tail.force();
        if (refusal == null) {
            ByteBuffer frame = buffer(FrameCodec.FRAME_HEADER_SIZE);
            stamp(frame, 0);
            refusal = tail.write(frame, position + 1);
        }
        return refusal == null ? tail.force() : refusal;
    }

    private void seal() {
        if (tail.failure() == null && tail.end() > FrameCodec.FILE_HEADER_SIZE) {
            writeMark();
            tail.cutReserve();
        }
    }

    private void publish() {
        tail.publish(position, epoch);
        grown();
    }

    private void grown() {
        synchronized (growth) {
            growth.notifyAll();
        }
    }

    private ByteBuffer buffer(int bytes) {
        if (bytes > KEPT_BUFFER) {
            return ByteBuffer.allocateDirect(bytes);
        }
        if (bytes > buffer.capacity()) {
            buffer =
                    ByteBuffer.allocateDirect(
                            Math.min(KEPT_BUFFER, 2 * Integer.highestOneBit(bytes)));
        }
        return buffer.clear().limit(bytes);
    }

    private void refuseWaiting() {
        queue.drain(taken);
        LogFailedException reason = tail.failure();
        refuseTaken(reason != null ? reason : closed());
    }

    private void refuseTaken(WalException cause) {
        while (!taken.isEmpty()) {
            taken.removeFirst().refuse(cause);
        }
    }

    WalCursor openCursorFromStart() {
        synchronized (place) {
            LogFile file = tail.file();
            return openCursor(file, 0, file.header.basePosition());
        }
    }

    private WalCursor openCursor(LogFile file, long offset, long behind) {
        try {
            return new WalCursor(
                    this,
                    file,
                    options.files().open(file.path, StandardOpenOption.READ),
                    offset,
                    behind);
        } catch (IOException e) {
            throw new LogRefusedException(
                    "The log %s cannot be read: %s.".formatted(file.path, e.getMessage()), e);
        }
    }

    @Nullable WalCursor openCursorAfter(long behind) {
        synchronized (place) {
            LogFile file = tail.file();
            LogFile.End durable = file.end;
            if (behind < file.header.basePosition() || behind > durable.position()) {
                return null;
            }
            WalCursor cursor = openCursor(file, file.index.floor(behind + 1), behind);
            if (!cursor.seek(behind, durable)) {
                cursor.close();
                return null;
            }
            return cursor;
        }
    }

    /** Waits until {@code file} has grown beyond {@code offset} or was replaced; false: neither. */
    boolean awaitGrowth(LogFile file, long offset, long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        synchronized (growth) {
            while (file.end.offset() <= offset && !file.replaced) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                TimeUnit.NANOSECONDS.timedWait(growth, left);
            }
        }
        return file.end.offset() > offset || file.replaced;
    }

    void moveTo(Path target) {
        WalException refusal = tail.force();
        if (refusal != null) {
            throw refusal;
        }
        synchronized (place) {
            try {
                options.files().rename(tail.file().path, target);
            } catch (IOException e) {
                throw new LogRefusedException(
                        "%s could not be renamed to %s: %s."
                                .formatted(tail.file().path, target, e.getMessage()),
                        e);
            }
            tail.file().path = target;
        }
        syncDirectory(target);
    }

    /**
     * Finishes a compaction in the writer's turn: copies what came since, seals and forces the
     * shorter file, and goes on in it.
     *
     * @param shorter the new file, written up to {@code at}
     * @param copied how far the current file has been copied
     */
    void replace(
            FileChannel shorter,
            Path written,
            FileHeader header,
            long tailOffset,
            long copied,
            long at)
            throws IOException {
        LogFile old = tail.file();
        long end = tail.end();
        LogOpener.copy(old.channel, copied, end, shorter, at);
        long size = at + end - copied;
        ByteBuffer mark = buffer(FrameCodec.FRAME_HEADER_SIZE);
        FrameCodec.encodeFrameHeader(
                mark,
                0,
                header.id(),
                new FrameHeader(FrameCodec.RECORDS, 0, 0, epoch, position + 1, 0, 0));
        LogOpener.writeFully(shorter, mark, size);
        shorter.force(true);
        long delta = at - copied;
        LogFile next =
                new LogFile(
                        old.path,
                        shorter,
                        header,
                        old.index.shifted(header.basePosition() + 1, tailOffset, delta),
                        new LogFile.End(size + FrameCodec.FRAME_HEADER_SIZE, position, epoch));
        synchronized (place) {
            options.files().rename(written, old.path);
            tail.goOnIn(next);
            old.replaced = true;
        }
        grown();
        try {
            old.channel.close();
        } catch (IOException e) {
            // Nothing in the old file is needed any more.
        }
        syncDirectory(old.path);
    }

    /**
     * Writes the whole log into a new file, in the writer's turn, where there is none of its name.
     *
     * @return whether there was none
     */
    boolean restoreIfGone() throws IOException {
        LogFile gone = tail.file();
        WalFiles files = options.files();
        if (files.exists(gone.path)) {
            return false;
        }
        Path fresh = gone.path.resolveSibling(gone.path.getFileName() + LogOpener.FRESH_SUFFIX);
        files.delete(fresh);
        FileChannel channel =
                files.open(
                        fresh,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        try {
            LogOpener.writeFully(channel, FrameCodec.encodeFileHeader(gone.header), 0);
            replace(
                    channel,
                    fresh,
                    gone.header,
                    gone.index.floor(gone.header.basePosition() + 1),
                    FrameCodec.FILE_HEADER_SIZE,
                    FrameCodec.FILE_HEADER_SIZE);
            return true;
        } catch (IOException e) {
            channel.close();
            files.delete(fresh);
            throw e;
        }
    }

    private void syncDirectory(Path file) {
        try {
            options.files().syncDirectory(LogOpener.directory(file));
        } catch (IOException e) {
            throw tail.fail(
                    "the directory of %s could not be forced: %s".formatted(file, e.getMessage()),
                    e);
        }
    }
}
