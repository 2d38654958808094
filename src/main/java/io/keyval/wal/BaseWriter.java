package io.keyval.wal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;

/**
 * Writes a log from its first byte to the end of its base: the file header, base frames with the
 * live records, and the history of epochs that closes them. Not thread-safe; one base an instance.
 */
final class BaseWriter {

    private static final int BODY_BYTES = 1 << 20;

    /** Forced every so many bytes, so that no force takes long. */
    private static final long FORCE_BYTES = 64 << 20;

    private final FileChannel channel;
    private final FileHeader header;
    private final long epoch;
    private final Runnable check;

    private ByteBuffer body = ByteBuffer.allocateDirect(BODY_BYTES + (64 << 10));
    private int count;
    private long records;
    private long written;
    private long forced;

    /**
     * A base that {@link #write} writes.
     *
     * @param epoch that the frames say
     * @param check throws where it is to go no further; called once a megabyte
     */
    BaseWriter(FileChannel channel, FileHeader header, long epoch, Runnable check) {
        this.channel = channel;
        this.header = header;
        this.epoch = epoch;
        this.check = check;
    }

    /**
     * Writes all of it; only the file header where the base position is 0. Nothing is forced when
     * it returns.
     *
     * @param note kept behind the epochs, see {@link FrameCodec}; empty is none
     */
    void write(LiveRecords live, List<Epoch> epochs, byte[] note) throws IOException {
        LogOpener.writeFully(channel, FrameCodec.encodeFileHeader(header), 0);
        written = FrameCodec.FILE_HEADER_SIZE;
        if (header.basePosition() > 0) {
            writeRecords(live);
            writeFrame(
                    FrameCodec.HISTORY,
                    FrameCodec.encodeHistory(epochs, note),
                    note.length == 0 ? 0 : epochs.size());
        }
    }

    /** Bytes written: the offset behind the base. */
    long written() {
        return written;
    }

    /** Records written. */
    long records() {
        return records;
    }

    private void writeRecords(LiveRecords live) throws IOException {
        try {
            live.forEach(
                    (key, value) -> {
                        int size = FrameCodec.putSize(key.length, value.length);
                        try {
                            if (body.position() > 0 && body.position() + size > BODY_BYTES) {
                                flush();
                            }
                            if (size > body.remaining()) {
                                body = ByteBuffer.allocateDirect(size);
                            }
                            FrameCodec.encodePut(body, key, value);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                        count++;
                    });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        if (count > 0) {
            flush();
        }
    }

    private void flush() throws IOException {
        writeFrame(FrameCodec.BASE, body.flip(), count);
        records += count;
        count = 0;
        body.clear();
        check.run();
        if (written - forced >= FORCE_BYTES) {
            channel.force(false);
            forced = written;
        }
    }

    private void writeFrame(byte type, ByteBuffer content, int count) throws IOException {
        int length = content.remaining();
        ByteBuffer head = ByteBuffer.allocate(FrameCodec.FRAME_HEADER_SIZE);
        FrameCodec.encodeFrameHeader(
                head,
                0,
                header.id(),
                new FrameHeader(
                        type,
                        length,
                        FrameCodec.crc(content.duplicate()),
                        epoch,
                        header.basePosition(),
                        0,
                        count));
        LogOpener.writeFully(channel, head, written);
        LogOpener.writeFully(channel, content, written + FrameCodec.FRAME_HEADER_SIZE);
        written += FrameCodec.FRAME_HEADER_SIZE + length;
    }
}
