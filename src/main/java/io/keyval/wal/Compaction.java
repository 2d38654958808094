package io.keyval.wal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One rewrite of a log: base frames with the live records, the history of epochs, then every frame
 * behind the base position as it stood. The last of those frames are copied in the writer's turn.
 *
 * <p>The walk over the live records may see writes later than the base position. That is harmless:
 * the tail repeats them, in order.
 */
final class Compaction {

    static final String SUFFIX = ".compacting";

    /** The writer's turn copies less than about this much. */
    private static final long LAST_BYTES = 256 << 10;

    private static final int ROUNDS = 20;
    private static final long SPARE_BYTES = 1 << 20;

    private final LogWriter writer;
    private final WalFiles files;
    private final LiveRecords live;
    private final long retain;
    private final Runnable check;

    private final LogFile old;
    private final Path target;
    private long written;

    /**
     * A rewrite that {@link #run} does.
     *
     * @param check throws where it is to go no further; called once a megabyte
     */
    Compaction(LogWriter writer, WalFiles files, LiveRecords live, long retain, Runnable check) {
        this.writer = writer;
        this.files = files;
        this.live = live;
        this.retain = retain;
        this.check = check;
        this.old = writer.current();
        this.target = old.path.resolveSibling(old.path.getFileName() + SUFFIX);
    }

    /**
     * Where the tail begins.
     *
     * @param position the base position: of the last record before the tail
     * @param offset of the tail's first frame in the old file
     * @param epochs that began before the tail
     */
    private record Base(long position, long offset, List<Epoch> epochs) {}

    CompactionResult run() {
        long begun = System.nanoTime();
        try (FileChannel source = files.open(old.path, StandardOpenOption.READ)) {
            Base base = chooseBase(source);
            if (base.position() <= old.header.basePosition()) {
                return nothingToGain(begun);
            }
            checkRoom(base);
            files.delete(target);
            FileChannel channel =
                    files.open(
                            target,
                            StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
            try {
                return write(source, channel, base, begun);
            } catch (IOException | RuntimeException | Error e) {
                discard(channel, e);
                throw e;
            }
        } catch (IOException e) {
            throw new LogRefusedException(
                    "The compaction of %s was given up, the log is as it was: %s."
                            .formatted(old.path, e.getMessage()),
                    e);
        }
    }

    /** All records that could become base are kept for followers, or are base already. */
    private CompactionResult nothingToGain(long begun) {
        long bytes = old.end.offset();
        return new CompactionResult(
                bytes, bytes, 0, Duration.ofNanos(System.nanoTime() - begun), Duration.ZERO);
    }

    private void discard(FileChannel channel, Throwable cause) {
        try {
            channel.close();
            files.delete(target);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private CompactionResult write(FileChannel source, FileChannel channel, Base base, long begun)
            throws IOException {
        FileHeader header = new FileHeader(old.header.id(), base.position());
        long epoch = base.epochs().isEmpty() ? 0 : base.epochs().getLast().value();
        BaseWriter head = new BaseWriter(channel, header, epoch, check);
        head.write(live, base.epochs(), new byte[0]);
        written = head.written();
        long copied = base.offset();
        for (int round = 0; round < ROUNDS; round++) {
            long end = old.end.offset();
            LogOpener.copy(source, copied, end, channel, written, check);
            written += end - copied;
            copied = end;
            channel.force(false);
            if (old.end.offset() - copied < LAST_BYTES) {
                break;
            }
        }
        long pause = replace(channel, header, base, copied);
        return new CompactionResult(
                old.end.offset(),
                writer.current().end.offset(),
                head.records(),
                Duration.ofNanos(System.nanoTime() - begun),
                Duration.ofNanos(pause));
    }

    /** Puts the shorter file in place, in the writer's turn; nanoseconds that it took. */
    private long replace(FileChannel channel, FileHeader header, Base base, long copied)
            throws IOException {
        try {
            return Wal.await(
                    writer.turn(
                            () -> {
                                long turn = System.nanoTime();
                                writer.replace(
                                        channel, target, header, base.offset(), copied, written);
                                return System.nanoTime() - turn;
                            }));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private Base chooseBase(FileChannel source) throws IOException {
        // Between two writes, what is in the log has also been handed to whoever wrote it.
        LogFile.End applied = Wal.await(writer.turn(() -> old.end));
        if (applied.position() == 0) {
            return new Base(0, FrameCodec.FILE_HEADER_SIZE, List.of());
        }
        long @Nullable [] kept =
                old.index.ceiling(Math.max(FrameCodec.FILE_HEADER_SIZE, applied.offset() - retain));
        if (retain == 0 || kept == null || kept[1] >= applied.offset()) {
            List<Epoch> epochs =
                    writer.history().stream().filter(e -> e.value() <= applied.epoch()).toList();
            return new Base(applied.position(), applied.offset(), epochs);
        }
        long position = kept[0] - 1;
        if (position == 0) {
            return new Base(0, FrameCodec.FILE_HEADER_SIZE, List.of());
        }
        ByteBuffer bytes = ByteBuffer.allocate(FrameCodec.FRAME_HEADER_SIZE);
        while (bytes.hasRemaining()) {
            if (source.read(bytes, kept[1] + bytes.position()) < 0) {
                throw new IOException("the log ends before its index");
            }
        }
        FrameHeader first = FrameCodec.decodeFrameHeader(bytes, 0, old.header.id());
        if (first == null) {
            throw new IOException("no frame at offset %d".formatted(kept[1]));
        }
        List<Epoch> epochs =
                writer.history().stream()
                        .filter(
                                e ->
                                        e.value() < first.epoch()
                                                || e.value() == first.epoch()
                                                        && e.start() <= position)
                        .toList();
        return new Base(position, kept[1], epochs);
    }

    private void checkRoom(Base base) throws IOException {
        long needed = live.encodedSize() + old.end.offset() - base.offset() + SPARE_BYTES;
        long usable = files.usableSpace(old.path);
        if (usable < needed) {
            throw new LogRefusedException(
                    "The compaction of %s needs %d bytes and %d are free; the log is as it was, it is tried again later."
                            .formatted(old.path, needed, usable),
                    null);
        }
    }
}
