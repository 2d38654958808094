package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A reader's place in a log: hands out what is durable, in order, as the bytes of whole frames. It
 * costs a file position and one buffer, however far behind it is, and a compaction does not disturb
 * it.
 *
 * <p>One thread at a time, but {@link #remaining} for any. An interrupt of a reading thread closes
 * the cursor, and nothing else.
 */
public final class WalCursor implements AutoCloseable {

    private final LogWriter log;
    private volatile LogFile file;
    private FileChannel channel;
    private volatile long offset;
    private long behind;
    private long epoch;

    WalCursor(LogWriter log, LogFile file, FileChannel channel, long offset, long behind) {
        this.log = log;
        this.file = file;
        this.channel = channel;
        this.offset = offset;
        this.behind = behind;
    }

    /** The last position handed out, or the one this cursor began behind. */
    public long position() {
        return behind;
    }

    /** The epoch of the last frame handed out, 0 before the first. */
    public long epoch() {
        return epoch;
    }

    /** Bytes of the log that are durable now and not yet handed out. */
    public long remaining() {
        return Math.max(0, file.end.offset() - offset);
    }

    /**
     * The next whole frames that are durable: at least one, and as many more as {@code maxBytes}
     * allow. A cursor from the start hands out the file header first, alone. Does not wait.
     *
     * @return null when there is nothing more yet
     * @throws LogRefusedException when the place is lost (a compaction dropped what is next while
     *     this cursor finished the file before it), or the file cannot be read
     */
    public @Nullable ByteBuffer read(int maxBytes) {
        try {
            if (offset == 0) {
                offset = FrameCodec.FILE_HEADER_SIZE;
                return readAt(0, FrameCodec.FILE_HEADER_SIZE);
            }
            boolean replaced = file.replaced;
            long durable = file.end.offset();
            if (offset >= durable) {
                return replaced && reopen() ? read(maxBytes) : null;
            }
            ByteBuffer bytes = readAt(offset, (int) Math.min(maxBytes, durable - offset));
            int whole = wholeFrames(bytes);
            if (whole == 0) {
                FrameHeader first = headerAt(offset);
                bytes = readAt(offset, Math.toIntExact(first.size()));
                whole = wholeFrames(bytes);
            }
            offset += whole;
            return bytes.limit(whole);
        } catch (IOException e) {
            throw new LogRefusedException(
                    "The log %s cannot be read at offset %d: %s."
                            .formatted(file.path, offset, e.getMessage()),
                    e);
        }
    }

    /**
     * Waits until there is more to read, or the time is over.
     *
     * @return whether there is more
     */
    public boolean await(Duration time) throws InterruptedException {
        return log.awaitGrowth(file, offset, time.toNanos());
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new LogRefusedException(
                    "A reader of %s could not be closed: %s.".formatted(file.path, e.getMessage()),
                    e);
        }
    }

    /**
     * Copies the log from its first byte to what is durable now.
     *
     * @param check throws where it is to go no further; called often
     */
    long copyAll(FileChannel target, Runnable check) throws IOException {
        long end = file.end.offset();
        LogOpener.copy(channel, 0, end, target, 0, check);
        return end;
    }

    /**
     * Goes behind the record at {@code position}, from the frame this cursor stands at.
     *
     * @param durable how far the file is known to be durable
     * @return false when no frame ends there
     */
    boolean seek(long position, LogFile.End durable) {
        try {
            while (offset < durable.offset()) {
                FrameHeader header = headerAt(offset);
                if (header.firstPosition() > position) {
                    return header.firstPosition() == position + 1;
                }
                offset += header.size();
            }
            return position == durable.position();
        } catch (IOException e) {
            close();
            throw new LogRefusedException(
                    "The log %s cannot be read: %s.".formatted(file.path, e.getMessage()), e);
        }
    }

    /** Goes on in the file that took the place of this one. */
    private boolean reopen() {
        WalCursor next = log.openCursorAfter(behind);
        if (next == null) {
            throw new LogRefusedException(
                    "A compaction dropped the records behind position %d before they were read."
                            .formatted(behind),
                    null);
        }
        close();
        file = next.file;
        channel = next.channel;
        offset = next.offset;
        return true;
    }

    /** How many bytes at the start of {@code bytes} are whole frames; moves position and epoch. */
    private int wholeFrames(ByteBuffer bytes) throws IOException {
        int at = 0;
        while (at + FrameCodec.FRAME_HEADER_SIZE <= bytes.limit()) {
            FrameHeader header = decode(bytes, at);
            if (at + header.size() > bytes.limit()) {
                break;
            }
            at += (int) header.size();
            epoch = header.epoch();
            if (header.type() == FrameCodec.RECORDS) {
                behind = header.lastPosition();
            }
        }
        return at;
    }

    private FrameHeader headerAt(long at) throws IOException {
        return decode(readAt(at, FrameCodec.FRAME_HEADER_SIZE), 0);
    }

    private FrameHeader decode(ByteBuffer bytes, int at) throws IOException {
        FrameHeader header = FrameCodec.decodeFrameHeader(bytes, at, file.header.id());
        if (header == null) {
            throw new IOException("no frame where one was written");
        }
        return header;
    }

    private ByteBuffer readAt(long at, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                throw new IOException("the file ends before what was written to it");
            }
        }
        return bytes.flip();
    }
}
