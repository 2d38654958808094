package io.keyval.wal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a log file. All numbers are big-endian.
 *
 * <pre>
 * file     header, then frames until the end of the file
 *
 * header   0  8  magic "KEYVALOG"
 *          8  2  format version, 1
 *         10  6  zero
 *         16 16  log id
 *         32  8  base position
 *         40 20  zero
 *         60  4  CRC32C of bytes 0 to 59
 *
 * frame    0  4  magic "KVF1"
 *          4  4  CRC32C of the log id and bytes 8 to 47 of the frame
 *          8  4  length of the body
 *         12  4  CRC32C of the body
 *         16  8  epoch
 *         24  8  position of the first record; of an empty frame, the next position
 *         32  8  bytes directly before this frame that were not yet known durable
 *         40  4  records in the body; of a history, epochs, if a note follows them, else 0
 *         44  1  type: 1 records, 2 base, 3 history
 *         45  3  zero
 *         48     body
 *
 * record   0  1  kind: 1 put, 2 delete
 *          1  n  length of the key, a varint (7 bits a byte, low bits first)
 *             n  length of the value, a varint; put only
 *                key, value
 *
 * history  n times: 8 epoch, 8 its first position; then the note, if there is one
 * </pre>
 *
 * <p>A file with a base position above 0 begins with base frames (puts that together are the state
 * at the base position, or later), closed by one history frame that lists the epochs up to there.
 * The frames behind it, and all frames of a file with base position 0, hold records with positions
 * that follow each other without a gap. An empty frame begins an epoch, or seals the end of the log
 * at a clean stop.
 *
 * <p>The log id in the header's checksum keeps frames of another log, even whole ones inside a
 * value, from passing for frames of this one.
 */
final class FrameCodec {

    static final int FILE_HEADER_SIZE = 64;
    static final int FRAME_HEADER_SIZE = 48;
    static final int FORMAT_VERSION = 1;

    static final byte RECORDS = 1;
    static final byte BASE = 2;
    static final byte HISTORY = 3;

    static final byte PUT = 1;
    static final byte DELETE = 2;

    static final long FILE_MAGIC = 0x4b455956414c4f47L;
    static final int FRAME_MAGIC = 0x4b564631;

    private FrameCodec() {}

    static ByteBuffer encodeFileHeader(FileHeader header) {
        ByteBuffer bytes = ByteBuffer.allocate(FILE_HEADER_SIZE);
        bytes.putLong(0, FILE_MAGIC);
        bytes.putShort(8, (short) FORMAT_VERSION);
        bytes.putLong(16, header.id().uuid().getMostSignificantBits());
        bytes.putLong(24, header.id().uuid().getLeastSignificantBits());
        bytes.putLong(32, header.basePosition());
        bytes.putInt(60, crc(bytes.slice(0, 60)));
        return bytes;
    }

    /** The header in the first 64 bytes, or null when they are none of ours or damaged. */
    static @Nullable FileHeader decodeFileHeader(ByteBuffer bytes) {
        int at = bytes.position();
        if (bytes.remaining() < FILE_HEADER_SIZE
                || bytes.getLong(at) != FILE_MAGIC
                || bytes.getShort(at + 8) != FORMAT_VERSION
                || bytes.getInt(at + 60) != crc(bytes.slice(at, 60))) {
            return null;
        }
        return new FileHeader(
                new LogId(new UUID(bytes.getLong(at + 16), bytes.getLong(at + 24))),
                bytes.getLong(at + 32));
    }

    /** Writes a frame header at {@code at}; the position of {@code bytes} stays where it is. */
    static void encodeFrameHeader(ByteBuffer bytes, int at, LogId id, FrameHeader header) {
        bytes.putInt(at, FRAME_MAGIC);
        bytes.putInt(at + 8, header.bodyLength());
        bytes.putInt(at + 12, header.bodyCrc());
        bytes.putLong(at + 16, header.epoch());
        bytes.putLong(at + 24, header.firstPosition());
        bytes.putLong(at + 32, header.unforced());
        bytes.putInt(at + 40, header.count());
        bytes.putInt(at + 44, header.type() << 24);
        bytes.putInt(at + 4, headerCrc(bytes, at, id));
    }

    /** The frame header at {@code at}, or null when the 48 bytes there are not one of this log. */
    static @Nullable FrameHeader decodeFrameHeader(ByteBuffer bytes, int at, LogId id) {
        if (bytes.getInt(at) != FRAME_MAGIC || bytes.getInt(at + 4) != headerCrc(bytes, at, id)) {
            return null;
        }
        FrameHeader header =
                new FrameHeader(
                        bytes.get(at + 44),
                        bytes.getInt(at + 8),
                        bytes.getInt(at + 12),
                        bytes.getLong(at + 16),
                        bytes.getLong(at + 24),
                        bytes.getLong(at + 32),
                        bytes.getInt(at + 40));
        return header.bodyLength() < 0 || header.count() < 0 ? null : header;
    }

    static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static int headerCrc(ByteBuffer bytes, int at, LogId id) {
        CRC32C crc = new CRC32C();
        updateLong(crc, id.uuid().getMostSignificantBits());
        updateLong(crc, id.uuid().getLeastSignificantBits());
        crc.update(bytes.slice(at + 8, FRAME_HEADER_SIZE - 8));
        return (int) crc.getValue();
    }

    private static void updateLong(CRC32C crc, long value) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            crc.update((int) (value >>> shift));
        }
    }

    static int putSize(int keyLength, int valueLength) {
        return 1 + varintSize(keyLength) + varintSize(valueLength) + keyLength + valueLength;
    }

    static int deleteSize(byte[] key) {
        return 1 + varintSize(key.length) + key.length;
    }

    static void encodePut(ByteBuffer target, byte[] key, byte[] value) {
        target.put(PUT);
        putVarint(target, key.length);
        putVarint(target, value.length);
        target.put(key).put(value);
    }

    static void encodeDelete(ByteBuffer target, byte[] key) {
        target.put(DELETE);
        putVarint(target, key.length);
        target.put(key);
    }

    /**
     * Reads the records of a body, in order.
     *
     * @return null, or why the body is not {@code count} whole records
     */
    static @Nullable String decodeRecords(ByteBuffer body, int count, RecordSink sink) {
        if (!body.hasArray()) {
            return decodeRecords(body, count, sink, null);
        }
        Puts puts = new Puts(body.array(), Math.clamp(count, 1, Puts.MOST));
        String wrong = decodeRecords(body, count, sink, puts);
        puts.handOut(sink);
        return wrong;
    }

    private static @Nullable String decodeRecords(
            ByteBuffer body, int count, RecordSink sink, @Nullable Puts puts) {
        for (int i = 0; i < count; i++) {
            if (!body.hasRemaining()) {
                return "%d records where %d were announced".formatted(i, count);
            }
            byte kind = body.get();
            if (kind != PUT && kind != DELETE) {
                return "a record of unknown kind %d".formatted(kind);
            }
            int keyLength = getVarint(body);
            int valueLength = kind == PUT ? getVarint(body) : 0;
            if (keyLength < 0
                    || valueLength < 0
                    || (long) keyLength + valueLength > body.remaining()) {
                return "a record that is longer than its frame";
            }
            if (kind == PUT && puts != null) {
                if (puts.isFull()) {
                    puts.handOut(sink);
                }
                puts.add(body.arrayOffset() + body.position(), keyLength, valueLength);
                body.position(body.position() + keyLength + valueLength);
                continue;
            }
            byte[] key = new byte[keyLength];
            body.get(key);
            if (kind == PUT) {
                byte[] value = new byte[valueLength];
                body.get(value);
                sink.put(key, value);
                continue;
            }
            if (puts != null) {
                puts.handOut(sink);
            }
            sink.delete(key);
        }
        return body.hasRemaining() ? "bytes behind the last record of a frame" : null;
    }

    static ByteBuffer encodeHistory(List<Epoch> epochs, byte[] note) {
        ByteBuffer body = ByteBuffer.allocate(16 * epochs.size() + note.length);
        epochs.forEach(epoch -> body.putLong(epoch.value()).putLong(epoch.start()));
        return body.put(note).flip();
    }

    /**
     * The epochs of a history; what then remains of {@code body} is the note.
     *
     * @param count how many they are, 0 where nothing else is in it
     */
    static List<Epoch> decodeHistory(ByteBuffer body, int count) {
        int most = body.remaining() / 16;
        int epochCount = count == 0 ? most : Math.min(count, most);
        List<Epoch> epochs = new ArrayList<>(epochCount);
        while (epochs.size() < epochCount) {
            epochs.add(new Epoch(body.getLong(), body.getLong()));
        }
        return epochs;
    }

    private static int varintSize(int value) {
        return (38 - Integer.numberOfLeadingZeros(value | 1)) / 7;
    }

    private static void putVarint(ByteBuffer target, int value) {
        while (value > 0x7f) {
            target.put((byte) (value | 0x80));
            value >>>= 7;
        }
        target.put((byte) value);
    }

    /** The varint at the position of {@code body}, or -1 when there is none. */
    private static int getVarint(ByteBuffer body) {
        int value = 0;
        for (int shift = 0; shift < 35 && body.hasRemaining(); shift += 7) {
            byte next = body.get();
            value |= (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        return -1;
    }
}
