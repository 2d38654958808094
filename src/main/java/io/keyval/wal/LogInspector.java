package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads, copies and cuts log files that this process has not opened as a {@link Wal}.
 *
 * <p>Reading takes no lock, changes nothing, and sees the file up to the size it has when the
 * reading begins, so it may go on beside a running node. Only {@link #cut} changes a log; its
 * caller holds the {@link DataDirectory}. All methods may be called by any thread.
 */
public final class LogInspector {

    /** How often a file that grows is read again before its end is believed to be torn. */
    private static final int ATTEMPTS = 3;

    private LogInspector() {}

    /** Hears of what is read, in file order. */
    public interface Visitor {

        /** Hears nothing. */
        Visitor NONE = new Visitor() {};

        /** A good frame; its records follow. */
        default void frame(LogFrame frame) {}

        /** A put; of a base frame, its position is the base position. */
        default void put(LogFrame frame, long position, byte[] key, byte[] value) {}

        /** A delete. */
        default void delete(LogFrame frame, long position, byte[] key) {}

        /** All up to {@code offset} of {@code size} bytes has been read; called once a frame. */
        default void progress(long offset, long size) {}
    }

    /** Whether a file begins as a log does. */
    public static boolean isLog(Path file) throws IOException {
        ByteBuffer begin = ByteBuffer.allocate(Long.BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (begin.hasRemaining() && channel.read(begin) >= 0) {
                continue;
            }
        }
        return !begin.hasRemaining() && begin.getLong(0) == FrameCodec.FILE_MAGIC;
    }

    /**
     * Reads a whole log and checks every byte of it.
     *
     * @throws IOException when the file cannot be read; damage is no exception
     */
    public static LogReport read(Path file, Visitor visitor) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return read(file, channel, visitor);
        }
    }

    /**
     * Like {@link #read}, but reads a log whose end seems torn again when it has grown meanwhile:
     * then a node was in the middle of a write.
     */
    public static LogReport verify(Path file, Visitor progress) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            LogReport report = read(file, channel, progress);
            for (int i = 1;
                    i < ATTEMPTS
                            && report.verdict() == LogReport.Verdict.TORN_TAIL
                            && channel.size() > report.size();
                    i++) {
                report = read(file, channel, progress);
            }
            return report;
        }
    }

    private static LogReport read(Path file, FileChannel channel, Visitor visitor)
            throws IOException {
        long size = channel.size();
        if (size < FrameCodec.FILE_HEADER_SIZE && LogOpener.isTornHeader(channel)) {
            return headless(
                    file, size, LogReport.Verdict.TORN_TAIL, 0, "the file ends inside its header");
        }
        Count count = new Count(visitor, size);
        try {
            ScanResult scan = LogScanner.scan(file, channel, size, count);
            Damage damage = scan.damage();
            LogReport.Verdict verdict =
                    damage == null
                            ? LogReport.Verdict.GOOD
                            : damage.acknowledged()
                                    ? LogReport.Verdict.CORRUPT
                                    : LogReport.Verdict.TORN_TAIL;
            return new LogReport(
                    file,
                    size,
                    verdict,
                    damage == null ? null : damage.what(),
                    scan.header().id(),
                    scan.end(),
                    scan.header().basePosition(),
                    scan.header().basePosition() == 0 || count.history,
                    scan.position(),
                    List.copyOf(scan.history()),
                    scan.frames(),
                    count.base,
                    scan.records() - count.base);
        } catch (CorruptLogException e) {
            return headless(file, size, LogReport.Verdict.CORRUPT, e.offset(), e.what());
        }
    }

    private static LogReport headless(
            Path file, long size, LogReport.Verdict verdict, long end, String wrong) {
        return new LogReport(
                file, size, verdict, wrong, null, end, 0, false, 0, List.of(), 0, 0, 0);
    }

    /**
     * Searches the bytes behind the good part of a log for whole frames and hands them out.
     *
     * @param report of {@link #read} or {@link #verify}
     * @return what of them can be told; only the bytes when the file header is not readable
     */
    public static LogLoss behind(LogReport report, Visitor visitor) throws IOException {
        LogId id = report.id();
        long bytes = report.size() - report.end();
        if (id == null) {
            return new LogLoss(bytes, 0, 0, null, null, 0, 0);
        }
        try (FileChannel channel = FileChannel.open(report.file(), StandardOpenOption.READ)) {
            Count count = new Count(visitor, report.size());
            LogScanner.search(report.file(), channel, report.size(), id, report.end(), count);
            return new LogLoss(
                    bytes,
                    count.frames,
                    count.records,
                    count.first,
                    count.last,
                    count.bodiless,
                    count.bodilessRecords);
        }
    }

    /**
     * Copies the first {@code end} bytes of a file into a new one. When it returns, the copy and
     * its name are on disk; when it throws, there is no copy.
     */
    public static void copy(Path file, long end, Path target) throws IOException {
        WalFiles files = WalFiles.DISK;
        try (FileChannel source = files.open(file, StandardOpenOption.READ);
                FileChannel copy =
                        files.open(
                                target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            try {
                LogOpener.copy(source, 0, end, copy, 0);
                copy.force(true);
            } catch (IOException e) {
                files.delete(target);
                throw e;
            }
        }
        files.syncDirectory(LogOpener.directory(target));
    }

    /** Gives a file the name {@code target} in one step; on disk when it returns. */
    public static void rename(Path file, Path target) throws IOException {
        WalFiles.DISK.rename(file, target);
        WalFiles.DISK.syncDirectory(LogOpener.directory(target));
    }

    /** Drops all behind {@code end} from a file. On disk when it returns. */
    public static void cut(Path file, long end) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(end);
            channel.force(true);
        }
    }

    /** Counts what it passes on. */
    private static final class Count implements LogScanner.Visitor {

        private final Visitor visitor;
        private final long size;
        private LogFrame frame = new LogFrame(0, 0, LogFrame.Kind.UNKNOWN, 0, 0, 0, 0);
        private int index;
        private boolean history;
        private long base;
        private long frames;
        private long records;
        private long bodiless;
        private long bodilessRecords;
        private @Nullable Long first;
        private @Nullable Long last;

        Count(Visitor visitor, long size) {
            this.visitor = visitor;
            this.size = size;
        }

        @Override
        public void frame(long offset, FrameHeader header) {
            frame = LogFrame.of(offset, header);
            index = 0;
            frames++;
            records += frame.count();
            history |= frame.kind() == LogFrame.Kind.HISTORY;
            if (frame.kind() == LogFrame.Kind.BASE) {
                base += frame.count();
            } else if (frame.kind() == LogFrame.Kind.RECORDS && frame.count() > 0) {
                first = Math.min(first == null ? Long.MAX_VALUE : first, header.firstPosition());
                last = Math.max(last == null ? 0 : last, header.lastPosition());
            }
            visitor.frame(frame);
        }

        @Override
        public void bodiless(long offset, FrameHeader header) {
            bodiless++;
            bodilessRecords += header.records();
        }

        @Override
        public void put(byte[] key, byte[] value) {
            visitor.put(frame, frame.positionOf(index++), key, value);
        }

        @Override
        public void delete(byte[] key) {
            visitor.delete(frame, frame.positionOf(index++), key);
        }

        @Override
        public void progress(long done, long offset) {
            visitor.progress(offset, size);
        }
    }
}
