package io.keyval.replication;

import io.keyval.wal.LogId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The bytes of replication messages. All numbers are big-endian.
 *
 * <pre>
 * message     0  1  type
 *             1  3  zero
 *             4  4  length of the payload
 *             8  4  CRC32C of bytes 0 to 7
 *            12  4  CRC32C of the payload
 *            16     payload
 *
 * 1 status    2 version, 2 zero, 4 port, 16 log id, 8 epoch, 8 position
 * 2 continue  16 log id, 8 epoch, 8 position
 * 3 full      16 log id, 8 epoch, 8 position, 8 bytes, 1 reason
 * 4 data      bytes of the log
 * 5 sync done
 * 6 ack       8 position
 * 7 heartbeat 8 position, 8 bytes
 * 8 goodbye   reason, UTF-8
 * </pre>
 *
 * <p>The header has a checksum of its own, so that nobody waits for the bytes of a length that was
 * never sent. What stands in a payload behind the fields above is not read.
 */
final class WireCodec {

    static final int VERSION = 1;
    static final int HEADER_SIZE = 16;

    private static final byte STATUS = 1;
    private static final byte CONTINUE = 2;
    private static final byte FULL = 3;
    private static final byte DATA = 4;
    private static final byte SYNC_DONE = 5;
    private static final byte ACK = 6;
    private static final byte HEARTBEAT = 7;
    private static final byte GOODBYE = 8;

    private WireCodec() {}

    static byte[] encode(WireMessage message) {
        return switch (message) {
            case WireMessage.Status(
                            int version,
                            int port,
                            LogId log,
                            long epoch,
                            long position) -> {
                ByteBuffer bytes = message(STATUS, 40);
                bytes.putShort((short) version).putShort((short) 0).putInt(port);
                yield sealed(putState(bytes, log, epoch, position));
            }
            case WireMessage.Continue(LogId log, long epoch, long position) ->
                    sealed(putState(message(CONTINUE, 32), log, epoch, position));
            case WireMessage.Full(
                            LogId log,
                            long epoch,
                            long position,
                            long size,
                            Resync.Reason reason) -> {
                ByteBuffer bytes = putState(message(FULL, 41), log, epoch, position);
                yield sealed(bytes.putLong(size).put((byte) reason.ordinal()));
            }
            case WireMessage.Data(ByteBuffer log) ->
                    sealed(message(DATA, log.remaining()).put(log.duplicate()));
            case WireMessage.SyncDone() -> sealed(message(SYNC_DONE, 0));
            case WireMessage.Ack(long position) -> sealed(message(ACK, 8).putLong(position));
            case WireMessage.Heartbeat(long position, long behind) ->
                    sealed(message(HEARTBEAT, 16).putLong(position).putLong(behind));
            case WireMessage.Goodbye(String reason) -> {
                byte[] text = reason.getBytes(StandardCharsets.UTF_8);
                yield sealed(message(GOODBYE, text.length).put(text));
            }
        };
    }

    /**
     * Reads the length of the payload from a whole header.
     *
     * @throws WireException when it is no header
     */
    static int payloadLength(ByteBuffer header) {
        if (header.getInt(8) != crc(header.slice(0, 8))) {
            throw new WireException("the checksum of a message header does not match");
        }
        return header.getInt(4);
    }

    /**
     * Reads a message.
     *
     * @param header one that {@link #payloadLength} took
     * @param payload all of it; the message may keep it
     * @throws WireException when it is none
     */
    static WireMessage decode(ByteBuffer header, ByteBuffer payload) {
        if (header.getInt(12) != crc(payload.duplicate())) {
            throw new WireException("the checksum of a message does not match");
        }
        try {
            return switch (header.get(0)) {
                case STATUS -> {
                    int version = payload.getShort();
                    payload.getShort();
                    yield new WireMessage.Status(
                            version,
                            payload.getInt(),
                            logId(payload),
                            payload.getLong(),
                            payload.getLong());
                }
                case CONTINUE ->
                        new WireMessage.Continue(
                                logId(payload), payload.getLong(), payload.getLong());
                case FULL ->
                        new WireMessage.Full(
                                logId(payload),
                                payload.getLong(),
                                payload.getLong(),
                                payload.getLong(),
                                Resync.Reason.of(payload.get()));
                case DATA -> new WireMessage.Data(payload);
                case SYNC_DONE -> new WireMessage.SyncDone();
                case ACK -> new WireMessage.Ack(payload.getLong());
                case HEARTBEAT -> new WireMessage.Heartbeat(payload.getLong(), payload.getLong());
                case GOODBYE ->
                        new WireMessage.Goodbye(StandardCharsets.UTF_8.decode(payload).toString());
                default ->
                        throw new WireException(
                                "a message of unknown type %d".formatted(header.get(0)));
            };
        } catch (BufferUnderflowException e) {
            throw new WireException("a message that is too short for its type");
        }
    }

    private static ByteBuffer message(byte type, int length) {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_SIZE + length);
        bytes.put(0, type).putInt(4, length);
        return bytes.position(HEADER_SIZE);
    }

    private static ByteBuffer putState(ByteBuffer bytes, LogId log, long epoch, long position) {
        return bytes.putLong(log.uuid().getMostSignificantBits())
                .putLong(log.uuid().getLeastSignificantBits())
                .putLong(epoch)
                .putLong(position);
    }

    private static LogId logId(ByteBuffer payload) {
        return new LogId(new UUID(payload.getLong(), payload.getLong()));
    }

    private static byte[] sealed(ByteBuffer bytes) {
        int length = bytes.position() - HEADER_SIZE;
        bytes.putInt(8, crc(bytes.slice(0, 8)));
        bytes.putInt(12, crc(bytes.slice(HEADER_SIZE, length)));
        return bytes.array();
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
