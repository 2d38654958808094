package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Opens or creates a log file: replays it, and cuts a torn tail after copying it aside. */
final class LogOpener {

    static final String FRESH_SUFFIX = ".new";

    private final Path file;
    private final WalFiles files;
    private final WalEvents events;

    LogOpener(Path file, WalOptions options) {
        this.file = file;
        this.files = options.files();
        this.events = options.events();
    }

    /**
     * What was opened.
     *
     * @param channel open, positioned nowhere; all of the file and its name are on disk
     * @param scan what the replay found
     * @param torn whether something was cut off
     */
    record Opened(FileChannel channel, ScanResult scan, boolean torn) {}

    /** Reads a log that is there, and changes nothing; null where there is no whole header. */
    @Nullable LogReplay read(RecordSink sink) {
        return trying(
                () -> {
                    if (!files.exists(file)) {
                        return null;
                    }
                    FileChannel channel = openChannel();
                    if (isHeadless(channel)) {
                        channel.close();
                        return null;
                    }
                    return read(channel, sink, false);
                });
    }

    Opened open(RecordSink sink) {
        return open(
                trying(
                        () -> {
                            if (!files.exists(file)) {
                                create();
                            }
                            FileChannel channel = openChannel();
                            if (!isHeadless(channel)) {
                                return read(channel, sink, false);
                            }
                            try (channel) {
                                cut(channel, 0, "the file ends inside its header");
                            }
                            create();
                            return read(openChannel(), sink, true);
                        }));
    }

    /** Makes a log that was read ready for writing: cuts a torn tail, and forces all of it. */
    Opened open(LogReplay replay) {
        return trying(() -> secure(replay));
    }

    private Opened secure(LogReplay replay) throws IOException {
        FileChannel channel = replay.channel();
        ScanResult scan = replay.scan();
        try {
            Damage damage = scan.damage();
            if (damage != null) {
                if (damage.acknowledged()) {
                    throw new CorruptLogException(file, damage.offset(), damage.what());
                }
                cut(channel, damage.offset(), damage.what());
            } else if (channel.size() > scan.end()) {
                channel.truncate(scan.end());
            }
            // A process that was killed may have left all this to the system.
            channel.force(true);
            files.syncDirectory(directory(file));
            return new Opened(channel, scan, replay.torn() || damage != null);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Replays what stands behind a whole header. */
    private LogReplay read(FileChannel channel, RecordSink sink, boolean torn) throws IOException {
        try {
            LogScanner.Visitor visitor = new ToldReplay(file, channel.size(), sink, events);
            ScanResult scan = LogScanner.scan(file, channel, visitor);
            events.replaying(file, scan.records(), scan.end(), scan.end());
            return new LogReplay(file, channel, scan, torn);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private FileChannel openChannel() throws IOException {
        return files.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** Whether nothing but a part of a header is there; closes the channel when it throws. */
    private static boolean isHeadless(FileChannel channel) throws IOException {
        try {
            return channel.size() < FrameCodec.FILE_HEADER_SIZE && isTornHeader(channel);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private interface Work<T extends @Nullable Object> {
        T run() throws IOException;
    }

    private <T extends @Nullable Object> T trying(Work<T> work) {
        try {
            return work.run();
        } catch (AccessDeniedException e) {
            throw new DataDirectoryException(
                    "The log %s cannot be opened for reading and writing; give this user the rights to it and to its directory."
                            .formatted(file),
                    e);
        } catch (IOException e) {
            throw new DataDirectoryException(
                    "The log %s cannot be opened: %s.".formatted(file, e.getMessage()), e);
        }
    }

    /** Creates an empty log in one step: it is there with its whole header, or not at all. */
    private void create() throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + FRESH_SUFFIX);
        try (FileChannel channel =
                files.open(
                        fresh,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            ByteBuffer header = FrameCodec.encodeFileHeader(new FileHeader(LogId.random(), 0));
            writeFully(channel, header, 0);
            channel.force(true);
        }
        files.rename(fresh, file);
        files.syncDirectory(directory(file));
    }

    /** Whether a short file begins like a log: then nothing was ever written behind its header. */
    static boolean isTornHeader(FileChannel channel) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(Long.BYTES);
        int length = Math.max(0, channel.read(start, 0));
        for (int i = 0; i < length; i++) {
            if (start.get(i) != (byte) (FrameCodec.FILE_MAGIC >>> 56 - 8 * i)) {
                return false;
            }
        }
        return true;
    }

    private void cut(FileChannel channel, long offset, String what) throws IOException {
        long size = Reserve.endOfData(channel, offset, channel.size());
        Path copy = file.resolveSibling(file.getFileName() + ".torn-" + offset);
        for (int i = 1; files.exists(copy); i++) {
            copy = file.resolveSibling(file.getFileName() + ".torn-" + offset + "-" + i);
        }
        try (FileChannel target =
                files.open(copy, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            copy(channel, offset, size, target, 0);
            target.force(true);
        }
        files.syncDirectory(directory(file));
        channel.truncate(offset);
        channel.force(true);
        events.tornTail(file, offset, size - offset, what, copy);
    }

    static Path directory(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file.toAbsolutePath() : parent;
    }

    static void writeFully(FileChannel channel, ByteBuffer bytes, long at) throws IOException {
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    /** Copies the bytes from {@code from} to {@code to}, which are there. */
    static void copy(FileChannel source, long from, long to, FileChannel target, long at)
            throws IOException {
        copy(source, from, to, target, at, () -> {});
    }

    /**
     * Copies the bytes from {@code from} to {@code to}, which are there.
     *
     * @param check throws where it is to go no further; called once a megabyte
     */
    static void copy(
            FileChannel source, long from, long to, FileChannel target, long at, Runnable check)
            throws IOException {
        ByteBuffer buffer =
                ByteBuffer.allocateDirect((int) Math.min(1 << 20, Math.max(1, to - from)));
        while (from < to) {
            check.run();
            buffer.clear().limit((int) Math.min(buffer.capacity(), to - from));
            int read = source.read(buffer, from);
            if (read < 0) {
                throw new IOException("the file ended at %d, before %d".formatted(from, to));
            }
            writeFully(target, buffer.flip(), at);
            from += read;
            at += read;
        }
    }
}
