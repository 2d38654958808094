package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A whole log that comes from elsewhere in pieces. It is written to a file of its own as it comes;
 * meanwhile one thread checks and replays what is written, and another forces it in steps, so that
 * little is left to do when the last piece has come.
 *
 * <p>One thread at a time adds and finishes; any thread may discard. The caller's pieces are kept
 * until they are replayed, of which no more than a few megabytes wait.
 */
public final class LogIntake {

    private static final long FORCE_BYTES = 64 << 20;
    private static final long WAITING_BYTES = 4 << 20;

    /** Bytes that are written, and what to do when they are not needed any more. */
    private record Piece(ByteBuffer bytes, Runnable replayed) {}

    private final Path file;
    private final WalOptions options;
    private final RecordSink sink;
    private final long total;
    private final FileChannel channel;
    private final Thread replayer;
    private final Thread forcer;

    private final Object lock = new Object();

    // Guarded by the lock.
    private final ArrayDeque<Piece> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private boolean whole;
    private @Nullable Throwable failure;

    private volatile long written;

    /** The replaying thread's own, and of whoever has seen it end. */
    private @Nullable LogCourse course;

    private LogIntake(
            Path file, WalOptions options, RecordSink sink, long total, FileChannel channel) {
        this.file = file;
        this.options = options;
        this.sink = sink;
        this.total = total;
        this.channel = channel;
        this.replayer = thread("replay-", this::replay);
        this.forcer = thread("force-", this::force);
    }

    private Thread thread(String name, Runnable work) {
        return Thread.ofPlatform().daemon().name(name + file.getFileName()).unstarted(work);
    }

    /**
     * Begins a file, in the place of one that was left behind.
     *
     * @param sink takes the records, on a thread of the intake
     * @param total bytes to come, about
     * @throws IOException when it cannot be created, or there is no room for it
     */
    public static LogIntake begin(Path file, WalOptions options, RecordSink sink, long total)
            throws IOException {
        WalFiles files = options.files();
        files.delete(file);
        FileChannel channel =
                files.open(
                        file,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        LogIntake intake = new LogIntake(file, options, sink, total, channel);
        try {
            long room = files.usableSpace(file);
            if (room < total) {
                throw new IOException("it needs %d bytes and %d are free".formatted(total, room));
            }
        } catch (IOException e) {
            channel.close();
            files.delete(file);
            throw e;
        }
        options.events().replaying(file, 0, 0, Math.max(1, total));
        intake.replayer.start();
        intake.forcer.start();
        return intake;
    }

    /** The file. */
    public Path file() {
        return file;
    }

    /** Bytes that have come. */
    public long written() {
        return written;
    }

    /** Bytes to come in all, about. */
    public long total() {
        return total;
    }

    /**
     * Takes the next piece of the log: its file header, or whole frames. Waits while much is to be
     * replayed. What was wrong with earlier pieces is thrown here too.
     *
     * @param bytes on the heap; not to be changed until {@code replayed} is called, by another
     *     thread; it is not where the intake fails before
     * @throws IOException when it cannot be written
     * @throws CorruptLogException when it is no log
     */
    public void add(ByteBuffer bytes, Runnable replayed) throws IOException {
        long before = written;
        int length = bytes.remaining();
        LogOpener.writeFully(channel, bytes.duplicate(), before);
        written = before + length;
        synchronized (lock) {
            waiting.add(new Piece(bytes, replayed));
            waitingBytes += length;
            lock.notifyAll();
            while (waitingBytes > WAITING_BYTES && failure == null) {
                awaitChange();
            }
        }
        throwFailure();
    }

    /**
     * Everything has come. When this returns, all of it is replayed and on disk.
     *
     * @return the log, open
     * @throws IOException when it could not be written
     * @throws CorruptLogException when it is no whole log
     */
    public Wal finish() throws IOException {
        synchronized (lock) {
            whole = true;
            lock.notifyAll();
        }
        join(replayer);
        join(forcer);
        throwFailure();
        LogCourse read = course;
        if (read == null || !read.isBaseClosed()) {
            throw new CorruptLogException(
                    file, written, "the file ends there" + (read == null ? "" : Damage.IN_BASE));
        }
        options.files().syncDirectory(LogOpener.directory(file));
        options.events().replaying(file, read.records(), read.offset(), read.offset());
        return Wal.open(file, options, channel, read.result(null));
    }

    /** Ends the work and removes the file. The sink is not called any more. Never throws. */
    public void discard() {
        fail(new LogRefusedException("The intake of %s was given up.".formatted(file), null));
        join(replayer);
        join(forcer);
        try {
            channel.close();
            options.files().delete(file);
        } catch (IOException e) {
            // The next intake removes it, or the next start.
        }
    }

    private void fail(Throwable cause) {
        synchronized (lock) {
            if (failure == null) {
                failure = cause;
            }
            lock.notifyAll();
        }
    }

    private void throwFailure() throws IOException {
        Throwable cause;
        synchronized (lock) {
            cause = failure;
        }
        switch (cause) {
            case null -> {}
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(cause);
        }
    }

    private void replay() {
        try {
            for (Piece next = take(); next != null; next = take()) {
                check(next.bytes().duplicate());
                next.replayed().run();
                synchronized (lock) {
                    waitingBytes -= next.bytes().remaining();
                    lock.notifyAll();
                }
            }
        } catch (Throwable e) {
            fail(e);
        }
    }

    private @Nullable Piece take() {
        synchronized (lock) {
            while (waiting.isEmpty() && !whole && failure == null) {
                awaitChange();
            }
            return failure == null ? waiting.poll() : null;
        }
    }

    private void check(ByteBuffer bytes) {
        if (course == null) {
            FileHeader header = FrameCodec.decodeFileHeader(bytes);
            if (header == null) {
                throw new CorruptLogException(file, 0, "the file header is damaged");
            }
            bytes.position(bytes.position() + FrameCodec.FILE_HEADER_SIZE);
            course = new LogCourse(header);
        }
        while (bytes.hasRemaining()) {
            checkFrame(course, bytes);
        }
    }

    private void checkFrame(LogCourse read, ByteBuffer bytes) {
        int at = bytes.position();
        FrameHeader frame =
                bytes.remaining() < FrameCodec.FRAME_HEADER_SIZE
                        ? null
                        : FrameCodec.decodeFrameHeader(bytes, at, read.header().id());
        if (frame == null) {
            throw corrupt(read, "no frame begins there");
        }
        if (frame.size() > bytes.remaining()) {
            throw corrupt(read, "the file ends inside a frame");
        }
        String wrong =
                read.isPast(frame)
                        ? "a frame that the log has already stands there again"
                        : read.order(frame);
        if (wrong != null) {
            throw corrupt(read, wrong);
        }
        ByteBuffer body = bytes.slice(at + FrameCodec.FRAME_HEADER_SIZE, frame.bodyLength());
        if (FrameCodec.crc(body.duplicate()) != frame.bodyCrc()) {
            throw corrupt(read, "the checksum of a frame does not match");
        }
        List<Epoch> epochs = List.of();
        if (frame.type() == FrameCodec.HISTORY) {
            epochs = FrameCodec.decodeHistory(body, frame.count());
        } else {
            wrong = FrameCodec.decodeRecords(body, frame.count(), sink);
            if (wrong != null) {
                throw corrupt(read, wrong);
            }
        }
        read.pass(frame, epochs);
        bytes.position(at + (int) frame.size());
    }

    private CorruptLogException corrupt(LogCourse read, String what) {
        return new CorruptLogException(file, read.offset(), what);
    }

    private void force() {
        try {
            long forced = 0;
            boolean last = false;
            while (!last) {
                long end;
                synchronized (lock) {
                    while (!whole && failure == null && written - forced < FORCE_BYTES) {
                        awaitChange();
                    }
                    if (failure != null) {
                        return;
                    }
                    last = whole;
                    end = written;
                }
                channel.force(last);
                forced = end;
            }
        } catch (Throwable e) {
            fail(e);
        }
    }

    private void awaitChange() {
        try {
            lock.wait();
        } catch (InterruptedException e) {
            // Nobody interrupts these threads; if something does, the work goes on.
        }
    }

    private static void join(Thread thread) {
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
}
