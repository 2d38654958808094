package io.keyval.wal;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A frame of puts to bytes and back: 14-byte keys, 64-byte values. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CodecBenchmark {

    /** Records in the frame. */
    @Param({"1", "16", "800"})
    public int records;

    private final LogId id = new LogId(new UUID(1, 2));
    private final byte[] key = new byte[14];
    private final byte[] value = new byte[64];
    private ByteBuffer frame = ByteBuffer.allocate(0);
    private ByteBuffer written = ByteBuffer.allocate(0);

    /** Makes room, and a frame to be read. */
    @Setup
    public void prepare() {
        int size = FrameCodec.FRAME_HEADER_SIZE + records * FrameCodec.putSize(key, value);
        frame = ByteBuffer.allocateDirect(size);
        written = ByteBuffer.allocateDirect(size);
        encode(written);
    }

    private void encode(ByteBuffer target) {
        target.clear().position(FrameCodec.FRAME_HEADER_SIZE);
        for (int i = 0; i < records; i++) {
            FrameCodec.encodePut(target, key, value);
        }
        int length = target.position() - FrameCodec.FRAME_HEADER_SIZE;
        int crc = FrameCodec.crc(target.slice(FrameCodec.FRAME_HEADER_SIZE, length));
        FrameCodec.encodeFrameHeader(
                target, 0, id, new FrameHeader(FrameCodec.RECORDS, length, crc, 1, 1, 0, records));
    }

    /** The records, both checksums and the header. */
    @Benchmark
    public ByteBuffer encode() {
        encode(frame);
        return frame;
    }

    /** The header, both checksums and the records, each key and value as an array of its own. */
    @Benchmark
    public @Nullable String decode(Consumed sink) {
        FrameHeader header = FrameCodec.decodeFrameHeader(written, 0, id);
        if (header == null) {
            throw new IllegalStateException("no header");
        }
        ByteBuffer body = written.slice(FrameCodec.FRAME_HEADER_SIZE, header.bodyLength());
        if (FrameCodec.crc(body.duplicate()) != header.bodyCrc()) {
            throw new IllegalStateException("another checksum");
        }
        return FrameCodec.decodeRecords(body, header.count(), sink);
    }

    /** Keeps the last record, so that none is optimized away. */
    @State(Scope.Thread)
    public static class Consumed implements RecordSink {

        /** The newest key and value. */
        public byte[] key = {};

        public byte[] value = {};

        @Override
        public void put(byte[] newKey, byte[] newValue) {
            key = newKey;
            value = newValue;
        }

        @Override
        public void delete(byte[] newKey) {
            key = newKey;
        }
    }
}
