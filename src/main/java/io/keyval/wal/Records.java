package io.keyval.wal;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Writes single records as they stand in the body of a frame. */
public final class Records {

    private Records() {}

    /** Bytes of a put. */
    public static int putSize(byte[] key, byte[] value) {
        return FrameCodec.putSize(key.length, value.length);
    }

    /** Bytes of a put of a key and a value of these lengths. */
    public static int putSize(int keyLength, int valueLength) {
        return FrameCodec.putSize(keyLength, valueLength);
    }

    /** Bytes of a delete. */
    public static int deleteSize(byte[] key) {
        return FrameCodec.deleteSize(key);
    }

    /**
     * Reads the records of a body, in order.
     *
     * @param body read up to its end
     * @return null, or why it is not {@code count} whole records; {@code sink} then has those
     *     before
     */
    public static @Nullable String read(ByteBuffer body, int count, RecordSink sink) {
        return FrameCodec.decodeRecords(body, count, sink);
    }

    /** Writes a put at the position of {@code target}. */
    public static void put(ByteBuffer target, byte[] key, byte[] value) {
        FrameCodec.encodePut(target, key, value);
    }

    /** Writes a delete at the position of {@code target}. */
    public static void delete(ByteBuffer target, byte[] key) {
        FrameCodec.encodeDelete(target, key);
    }
}
