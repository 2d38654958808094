package io.keyval.cli;

import io.keyval.wal.CompactionResult;
import io.keyval.wal.LiveRecords;
import io.keyval.wal.LogFrame;
import io.keyval.wal.LogInspector;
import io.keyval.wal.RecordGroup;
import io.keyval.wal.RecordSink;
import io.keyval.wal.Records;
import io.keyval.wal.Wal;
import io.keyval.wal.WalException;
import io.keyval.wal.WalOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A real log in which every write is a frame of its own, forced. */
final class TestLog implements AutoCloseable {

    private final Wal wal;
    private final Map<String, byte[]> live = new TreeMap<>();

    private TestLog(Path file) {
        this.wal = Wal.open(file, WalOptions.DEFAULTS, new Replay());
    }

    /** Opens or creates a log and begins an epoch, as a leader does. */
    static TestLog lead(Path file) {
        TestLog log = new TestLog(file);
        log.wal.startEpoch();
        return log;
    }

    /** A closed log with one epoch: {@code k1} to {@code kN}, then {@code k1} deleted. */
    static void write(Path file, int puts) {
        try (TestLog log = lead(file)) {
            for (int i = 1; i <= puts; i++) {
                log.put("k" + i, "value " + i);
            }
            log.delete("k1");
        }
    }

    /** All good frames of a log. */
    static List<LogFrame> frames(Path file) throws IOException {
        List<LogFrame> frames = new ArrayList<>();
        LogInspector.read(
                file,
                new LogInspector.Visitor() {
                    @Override
                    public void frame(LogFrame frame) {
                        frames.add(frame);
                    }
                });
        return frames;
    }

    /** Changes one byte of a file. */
    static void flip(Path file, long offset) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            bytes[(int) offset] ^= 0x40;
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void put(String key, String value) {
        put(key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8));
    }

    void put(byte[] key, byte[] value) {
        new Write(key, value).appendTo(wal);
        live.put(HexFormat.of().formatHex(key), value);
    }

    void delete(String key) {
        byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
        new Write(bytes, null).appendTo(wal);
        live.remove(HexFormat.of().formatHex(bytes));
    }

    CompactionResult compact() {
        return wal.compact(
                new LiveRecords() {
                    @Override
                    public void forEach(BiConsumer<byte[], byte[]> entry) {
                        live.forEach(
                                (key, value) -> entry.accept(HexFormat.of().parseHex(key), value));
                    }

                    @Override
                    public long encodedSize() {
                        return 1000;
                    }
                },
                0);
    }

    @Override
    public void close() {
        wal.close();
    }

    /** One record, a group of its own. */
    private static final class Write implements RecordGroup {

        private final byte[] key;
        private final byte @Nullable [] value;
        private final CompletableFuture<Long> done = new CompletableFuture<>();

        Write(byte[] key, byte @Nullable [] value) {
            this.key = key;
            this.value = value;
        }

        void appendTo(Wal wal) {
            wal.append(this);
            done.join();
        }

        @Override
        public int count() {
            return 1;
        }

        @Override
        public int encodedSize() {
            return value == null ? Records.deleteSize(key) : Records.putSize(key, value);
        }

        @Override
        public void encode(ByteBuffer target) {
            if (value == null) {
                Records.delete(target, key);
            } else {
                Records.put(target, key, value);
            }
        }

        @Override
        public void committed(long position) {
            done.complete(position);
        }

        @Override
        public void refused(WalException cause) {
            done.completeExceptionally(cause);
        }
    }

    /** Brings back what is live. */
    private final class Replay implements RecordSink {
        @Override
        public void put(byte[] key, byte[] value) {
            live.put(HexFormat.of().formatHex(key), value);
        }

        @Override
        public void delete(byte[] key) {
            live.remove(HexFormat.of().formatHex(key));
        }
    }
}
