package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * A state with the place in another log, by term and index, that it stands for: a log file that is
 * all base. Its base position is the index; its only epoch has the term for its number and is said
 * to begin at the index.
 *
 * <p>A snapshot is there whole, or not at all. All methods may be called by any thread.
 */
public final class SnapshotFile {

    /** The end of a file's name while it is written; what has it is of no use. */
    public static final String UNFINISHED_SUFFIX = ".writing";

    private static final long SPARE_BYTES = 1 << 20;

    private SnapshotFile() {}

    /**
     * Writes a snapshot while the state goes on changing, in the place of a file that may be there.
     * The file and its name are on disk when this returns; where it throws, what stands there is
     * whole, or nothing.
     *
     * @param term from 0 up to {@link Integer#MAX_VALUE}
     * @param index 1 or more
     * @throws LogRefusedException when it cannot be written
     */
    public static void write(Path file, long term, long index, byte[] note, LiveRecords live) {
        write(file, term, index, note, live, WalFiles.DISK);
    }

    static void write(
            Path file, long term, long index, byte[] note, LiveRecords live, WalFiles files) {
        if (term < 0 || term > Integer.MAX_VALUE || index < 1) {
            throw new IllegalArgumentException("term %d, index %d".formatted(term, index));
        }
        Path unfinished = file.resolveSibling(file.getFileName() + UNFINISHED_SUFFIX);
        try {
            files.delete(unfinished);
            long needed = live.encodedSize() + SPARE_BYTES;
            long usable = files.usableSpace(LogOpener.directory(file));
            if (usable < needed) {
                throw new IOException(
                        "it needs %d bytes and %d are free".formatted(needed, usable));
            }
            try {
                write(unfinished, new Epoch(term << 32, index), note, live, files);
                files.rename(unfinished, file);
            } catch (IOException | RuntimeException | Error e) {
                discard(unfinished, files, e);
                throw e;
            }
            files.syncDirectory(LogOpener.directory(file));
        } catch (IOException e) {
            throw new LogRefusedException(
                    "The snapshot %s cannot be written: %s.".formatted(file, e.getMessage()), e);
        }
    }

    private static void write(Path file, Epoch epoch, byte[] note, LiveRecords live, WalFiles files)
            throws IOException {
        try (FileChannel channel =
                files.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            FileHeader header = new FileHeader(LogId.random(), epoch.start());
            new BaseWriter(channel, header, epoch.value(), () -> {})
                    .write(live, List.of(epoch), note);
            channel.force(true);
        }
    }

    private static void discard(Path file, WalFiles files, Throwable cause) {
        try {
            files.delete(file);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /**
     * What a snapshot says of itself. Reads the headers of its frames and finds out that it has its
     * end; the records stay unread and unchecked.
     *
     * @throws CorruptLogException when it is no snapshot, or is not whole
     * @throws IOException when it cannot be read
     */
    public static SnapshotHead head(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return head(file, channel);
        }
    }

    private static SnapshotHead head(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        ByteBuffer bytes = bytes(file, channel, 0, FrameCodec.FILE_HEADER_SIZE);
        FileHeader header = FrameCodec.decodeFileHeader(bytes);
        if (header == null || header.basePosition() == 0) {
            throw damaged(file, 0, "it is not a snapshot, or its header is damaged");
        }
        for (long at = FrameCodec.FILE_HEADER_SIZE; ; ) {
            bytes = bytes(file, channel, at, FrameCodec.FRAME_HEADER_SIZE);
            FrameHeader frame = FrameCodec.decodeFrameHeader(bytes, 0, header.id());
            if (frame == null) {
                throw damaged(file, at, "no frame begins there");
            }
            long end = at + frame.size();
            if (end > size) {
                throw damaged(file, at, "the file ends inside a frame");
            }
            if (frame.type() == FrameCodec.HISTORY) {
                if (end != size) {
                    throw damaged(file, end, "bytes stand behind its end");
                }
                ByteBuffer body =
                        bytes(file, channel, at + FrameCodec.FRAME_HEADER_SIZE, frame.bodyLength());
                if (FrameCodec.crc(body.duplicate()) != frame.bodyCrc()) {
                    throw damaged(file, at, "the checksum of a frame does not match");
                }
                List<Epoch> epochs = FrameCodec.decodeHistory(body, frame.count());
                if (epochs.size() != 1) {
                    throw damaged(file, at, "it has %d epochs".formatted(epochs.size()));
                }
                byte[] note = new byte[body.remaining()];
                body.get(note);
                return new SnapshotHead(
                        epochs.getFirst().number(), header.basePosition(), note, size);
            }
            at = end;
        }
    }

    private static ByteBuffer bytes(Path file, FileChannel channel, long at, int length)
            throws IOException {
        if (at + length > channel.size()) {
            throw damaged(file, at, "the file ends there");
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                throw damaged(file, at, "the file ends there");
            }
        }
        return bytes.flip();
    }

    /**
     * Reads a whole snapshot and checks every byte of it.
     *
     * @param sink takes the records; where this throws, it has taken a part of them
     * @param events hears how far it is, once a megabyte, and may throw to have it end there
     * @throws CorruptLogException when it is no snapshot, or any of it is damaged or missing
     * @throws IOException when it cannot be read
     */
    public static SnapshotHead read(Path file, RecordSink sink, WalEvents events)
            throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            ScanResult scan;
            try {
                LogScanner.Visitor visitor = new ToldReplay(file, size, sink, events);
                scan = LogScanner.scan(file, channel, size, visitor);
            } catch (CorruptLogException e) {
                throw damaged(file, e.offset(), e.what());
            }
            Damage damage = scan.damage();
            if (damage != null) {
                throw damaged(file, damage.offset(), damage.what().replace(Damage.IN_BASE, ""));
            }
            SnapshotHead head = head(file, channel);
            events.replaying(file, scan.records(), size, size);
            return head;
        }
    }

    private static CorruptLogException damaged(Path file, long offset, String what) {
        return CorruptLogException.ofSnapshot(file, offset, what);
    }
}
