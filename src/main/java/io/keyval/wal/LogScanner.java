package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log from its first byte to its last, checks everything, and tells a torn tail from
 * corruption. Reads in large buffers, in order. Not thread-safe; one scan an instance.
 */
final class LogScanner {

    /** Hears of what is found, in file order. */
    interface Visitor extends RecordSink {

        /** A good frame stands at {@code offset}; its records follow. */
        default void frame(long offset, FrameHeader header) {}

        /** A good frame header stands at {@code offset}, and what follows is not its body. */
        default void bodiless(long offset, FrameHeader header) {}

        /** All up to {@code offset} has been read. */
        default void progress(long records, long offset) {}
    }

    private static final int BUFFER = 1 << 20;

    /** A buffer that grew beyond this for one frame is given back. */
    private static final int KEPT_BUFFER = 8 << 20;

    private final Path file;
    private final FileChannel channel;
    private final long size;
    private final Visitor visitor;
    private ByteBuffer window = ByteBuffer.allocate(0);
    private long windowStart;

    private LogScanner(Path file, FileChannel channel, long size, Visitor visitor) {
        this.file = file;
        this.channel = channel;
        this.size = size;
        this.visitor = visitor;
    }

    /**
     * Scans {@code channel} from its start.
     *
     * @throws CorruptLogException when the file header is damaged, or the file is no log
     */
    static ScanResult scan(Path file, FileChannel channel, Visitor visitor) throws IOException {
        return scan(file, channel, channel.size(), visitor);
    }

    /** Scans the first {@code size} bytes of {@code channel}, as if the file ended there. */
    static ScanResult scan(Path file, FileChannel channel, long size, Visitor visitor)
            throws IOException {
        return new LogScanner(file, channel, size, visitor).scan();
    }

    private ScanResult scan() throws IOException {
        LogCourse course = new LogCourse(fileHeader());
        LogId id = course.header().id();
        Damage damage = null;
        while (course.offset() < size) {
            long offset = course.offset();
            FrameHeader frame = frameAt(offset, id);
            if (frame == null && Reserve.begins(channel, offset, size)) {
                break;
            }
            String wrong = frame == null ? "no frame begins there" : null;
            if (frame != null && course.isPast(frame)) {
                frame = null;
                wrong = "a frame that the log has already stands there again";
            }
            if (frame != null) {
                wrong = course.order(frame);
                if (wrong != null) {
                    damage = new Damage(offset, wrong, true);
                    break;
                }
                wrong = body(offset, frame);
            }
            if (wrong != null) {
                damage = damage(offset, wrong, frame, id, course.position(), course.epoch());
                break;
            }
            java.util.Objects.requireNonNull(frame);
            List<Epoch> epochs = new ArrayList<>();
            wrong = contents(offset, frame, visitor, epochs);
            if (wrong != null) {
                damage = new Damage(offset, wrong, true);
                break;
            }
            course.pass(frame, epochs);
            visitor.progress(course.records(), course.offset());
        }
        if (!course.isBaseClosed()) {
            String what = damage == null ? "the file ends there" : damage.what();
            damage = new Damage(course.offset(), what + Damage.IN_BASE, true);
        }
        return course.result(damage);
    }

    private FileHeader fileHeader() throws IOException {
        ByteBuffer bytes = bytes(0, FrameCodec.FILE_HEADER_SIZE);
        FileHeader header = bytes == null ? null : FrameCodec.decodeFileHeader(bytes);
        if (header == null) {
            boolean ours =
                    bytes != null && bytes.getLong(bytes.position()) == FrameCodec.FILE_MAGIC;
            if (ours && bytes.getShort(bytes.position() + 8) != FrameCodec.FORMAT_VERSION) {
                throw new CorruptLogException(
                        file,
                        8,
                        "it says format version %d, this program reads version %d"
                                .formatted(
                                        bytes.getShort(bytes.position() + 8),
                                        FrameCodec.FORMAT_VERSION));
            }
            throw new CorruptLogException(
                    file, 0, ours ? "the file header is damaged" : "it is not a keyval log");
        }
        return header;
    }

    /** Checks the body of a good header; null when it is good. */
    private @Nullable String body(long offset, FrameHeader frame) throws IOException {
        ByteBuffer body = bodyOf(offset, frame);
        if (body == null) {
            return "the file ends inside a frame";
        }
        return FrameCodec.crc(body) == frame.bodyCrc()
                ? null
                : "the checksum of a frame does not match";
    }

    /** Hands out the records of a good body; null, or why they are none, which no crash brings. */
    private @Nullable String contents(
            long offset, FrameHeader frame, Visitor taker, List<Epoch> history) throws IOException {
        ByteBuffer body = java.util.Objects.requireNonNull(bodyOf(offset, frame));
        taker.frame(offset, frame);
        if (frame.type() == FrameCodec.HISTORY) {
            history.addAll(FrameCodec.decodeHistory(body, frame.count()));
            return null;
        }
        return FrameCodec.decodeRecords(body, frame.count(), taker);
    }

    /**
     * Hands out every good frame of a log at or behind {@code from}, whether it belongs there or
     * not, and every good frame header without its body.
     */
    static void search(
            Path file, FileChannel channel, long size, LogId id, long from, Visitor visitor)
            throws IOException {
        LogScanner scanner = new LogScanner(file, channel, size, visitor);
        long records = 0;
        for (long at = from; (at = scanner.nextMagic(at)) >= 0; ) {
            FrameHeader frame = scanner.frameAt(at, id);
            if (frame == null) {
                at++;
                continue;
            }
            if (scanner.body(at, frame) != null
                    || scanner.contents(at, frame, visitor, new ArrayList<>()) != null) {
                visitor.bodiless(at, frame);
                at++;
            } else {
                records += frame.records();
                at += frame.size();
            }
            visitor.progress(records, Math.min(at, size));
        }
    }

    /**
     * Looks behind a bad frame for good ones. Any that says that the bytes at {@code offset} were
     * durable when it was written makes this corruption.
     *
     * @param position of the last good record before the bad frame
     * @param epoch of the last good frame before the bad one
     */
    private Damage damage(
            long offset,
            String what,
            @Nullable FrameHeader bad,
            LogId id,
            long position,
            long epoch)
            throws IOException {
        // Bytes of a body can be missing, so that the frames behind it begin before its end.
        long before = bad == null ? position : bad.lastPosition();
        long begun = bad == null ? epoch : bad.epoch();
        long at = offset + 1;
        while ((at = nextMagic(at)) >= 0) {
            FrameHeader frame = frameAt(at, id);
            ByteBuffer body = frame == null ? null : bodyOf(at, frame);
            if (frame == null
                    || body == null
                    || FrameCodec.crc(body.duplicate()) != frame.bodyCrc()) {
                at++;
                continue;
            }
            if (!LogCourse.isPast(frame, before, begun) && at - frame.unforced() > offset) {
                return new Damage(
                        offset,
                        "%s, and the frame at offset %d says that it was on disk"
                                .formatted(what, at),
                        true);
            }
            at += frame.size();
        }
        return new Damage(offset, what, false);
    }

    /** The offset of the next frame magic at or behind {@code from}, or -1. */
    private long nextMagic(long from) throws IOException {
        byte first = (byte) (FrameCodec.FRAME_MAGIC >>> 24);
        for (long at = from; at + FrameCodec.FRAME_HEADER_SIZE <= size; ) {
            long loaded = at < windowStart ? 0 : windowStart + window.limit() - at;
            int length =
                    (int)
                            Math.min(
                                    loaded >= FrameCodec.FRAME_HEADER_SIZE ? loaded : BUFFER,
                                    size - at);
            ByteBuffer bytes = bytes(at, length);
            if (bytes == null) {
                return -1;
            }
            int start = bytes.position();
            for (int i = 0; i + 4 <= length; i++) {
                if (bytes.get(start + i) == first
                        && bytes.getInt(start + i) == FrameCodec.FRAME_MAGIC) {
                    return at + i + FrameCodec.FRAME_HEADER_SIZE <= size ? at + i : -1;
                }
            }
            at += length - 3;
        }
        return -1;
    }

    private @Nullable FrameHeader frameAt(long offset, LogId id) throws IOException {
        ByteBuffer bytes = bytes(offset, FrameCodec.FRAME_HEADER_SIZE);
        return bytes == null ? null : FrameCodec.decodeFrameHeader(bytes, bytes.position(), id);
    }

    private @Nullable ByteBuffer bodyOf(long offset, FrameHeader frame) throws IOException {
        return bytes(offset + FrameCodec.FRAME_HEADER_SIZE, frame.bodyLength());
    }

    /**
     * The bytes at {@code offset}, valid until the next call; null when the file ends before them,
     * which is checked before anything is allocated.
     */
    private @Nullable ByteBuffer bytes(long offset, int length) throws IOException {
        if (offset + length > size) {
            return null;
        }
        if (offset < windowStart || offset + length > windowStart + window.limit()) {
            if (length > window.capacity() || window.capacity() > KEPT_BUFFER && length <= BUFFER) {
                window = ByteBuffer.allocate((int) Math.max(length, Math.min(BUFFER, size)));
            }
            window.clear();
            windowStart = offset;
            while (window.position() < length) {
                int read = channel.read(window, windowStart + window.position());
                if (read < 0) {
                    window.limit(0);
                    return null;
                }
            }
            window.flip();
        }
        return window.slice((int) (offset - windowStart), length);
    }
}
