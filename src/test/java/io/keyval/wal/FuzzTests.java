package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Bytes that no log wrote. Whatever they are, a log opens with a beginning of what was written, or
 * says that it is damaged and changes nothing.
 *
 * <p>The system property {@code keyval.fuzz.runs} is the number of runs of each test, {@code
 * keyval.fuzz.seed} the first seed.
 */
class FuzzTests {

    private static final Path FILE = SampleLog.FILE;
    private static final int RUNS = Integer.getInteger("keyval.fuzz.runs", 2000);
    private static final long FIRST = Long.getLong("keyval.fuzz.seed", 0);

    /** One run of a test. */
    private interface Run {
        void with(Random random);
    }

    private static void repeat(Run run) {
        for (long seed = FIRST; seed < FIRST + RUNS; seed++) {
            long begun = System.nanoTime();
            try {
                run.with(new Random(seed));
            } catch (Throwable e) {
                throw new AssertionError("seed " + seed, e);
            }
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .as("seed %d", seed)
                    .isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void whenAFileIsRandomBytesThenItIsNoLog() {
        repeat(
                random -> {
                    byte[] bytes = new byte[random.nextInt(3000)];
                    random.nextBytes(bytes);
                    if (random.nextBoolean()) {
                        ByteBuffer start = ByteBuffer.allocate(8).putLong(0, FrameCodec.FILE_MAGIC);
                        System.arraycopy(start.array(), 0, bytes, 0, Math.min(8, bytes.length));
                    }
                    assertThat(open(bytes)).isEmpty();
                });
    }

    @Test
    void whenRandomBytesStandBehindAFileHeaderThenTheyAreCutOff() {
        repeat(
                random -> {
                    byte[] rest = new byte[random.nextInt(3000)];
                    random.nextBytes(rest);
                    LogId id = LogId.random();
                    byte[] header =
                            FrameCodec.encodeFileHeader(
                                            new FileHeader(id, Math.max(0, random.nextInt(4) - 2)))
                                    .array();
                    assertThat(open(concat(header, rest))).isEmpty();
                });
    }

    @Test
    void whenALogIsMangledThenItHoldsABeginningOfWhatItHeldOrIsRefused() {
        List<SampleLog> samples =
                List.of(
                        SampleLog.plain(11),
                        SampleLog.sealed(12),
                        SampleLog.compacted(13),
                        SampleLog.compactedAndSealed(14));
        repeat(
                random -> {
                    SampleLog sample = samples.get(random.nextInt(samples.size()));
                    byte[] bytes = sample.bytes();
                    for (int i = random.nextInt(3); i >= 0; i--) {
                        bytes = mangled(bytes, random);
                    }
                    List<Entry> found = open(bytes);
                    List<Entry> records = SampleLog.records(sample.frames());
                    assertThat(found.size()).isLessThanOrEqualTo(records.size());
                    assertThat(found).isEqualTo(records.subList(0, found.size()));
                });
    }

    private static byte[] mangled(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return bytes;
        }
        byte[] copy = bytes.clone();
        int from = random.nextInt(copy.length);
        int to = from + random.nextInt(Math.min(700, copy.length - from) + 1);
        byte[] part = Arrays.copyOfRange(copy, from, to);
        byte[] head = Arrays.copyOf(copy, from);
        byte[] tail = Arrays.copyOfRange(copy, to, copy.length);
        return switch (random.nextInt(8)) {
            case 0 -> {
                for (int i = random.nextInt(4); i >= 0; i--) {
                    copy[random.nextInt(copy.length)] ^= (byte) (1 << random.nextInt(8));
                }
                yield copy;
            }
            case 1 -> concat(head, new byte[part.length], tail);
            case 2 -> {
                random.nextBytes(part);
                yield concat(head, part, tail);
            }
            case 3 -> concat(head, tail);
            case 4 -> concat(head, part, part, tail);
            case 5 -> concat(copy, part);
            case 6 -> concat(head, new byte[random.nextInt(100)], part, tail);
            default -> head;
        };
    }

    /** Checksums are right, contents are not. */
    @Test
    void whenFramesWithGoodChecksumsSayAnythingThenNothingWorseHappensThanARefusal() {
        repeat(
                random -> {
                    LogId id = LogId.random();
                    ByteArrayOutputStream file = new ByteArrayOutputStream();
                    file.writeBytes(
                            FrameCodec.encodeFileHeader(new FileHeader(id, random.nextInt(3) * 5L))
                                    .array());
                    for (int i = random.nextInt(5); i >= 0; i--) {
                        file.writeBytes(frame(id, random));
                    }
                    open(file.toByteArray());
                });
    }

    private static byte[] frame(LogId id, Random random) {
        byte[] body = body(random);
        ByteBuffer frame = ByteBuffer.allocate(FrameCodec.FRAME_HEADER_SIZE + body.length);
        int[] lengths = {body.length, body.length + 1, 1 << 20, Integer.MAX_VALUE, -1};
        int[] counts = {0, 1, 2, 3, Integer.MAX_VALUE, -1};
        long[] positions = {0, 1, 2, 5, 6, Long.MAX_VALUE, Long.MIN_VALUE, -1};
        boolean whole = random.nextInt(4) > 0;
        FrameCodec.encodeFrameHeader(
                frame,
                0,
                id,
                new FrameHeader(
                        (byte) random.nextInt(5),
                        whole ? body.length : lengths[random.nextInt(lengths.length)],
                        FrameCodec.crc(ByteBuffer.wrap(body)),
                        random.nextInt(3) == 0 ? random.nextLong() : random.nextInt(3),
                        positions[random.nextInt(positions.length)],
                        random.nextInt(3) == 0 ? random.nextLong() : 0,
                        counts[random.nextInt(counts.length)]));
        frame.position(FrameCodec.FRAME_HEADER_SIZE).put(body);
        return frame.array();
    }

    private static byte[] body(Random random) {
        ByteBuffer body = ByteBuffer.allocate(400);
        for (int i = random.nextInt(4); i > 0; i--) {
            switch (random.nextInt(6)) {
                case 0 -> body.put(FrameCodec.PUT).putInt(-1).put((byte) 0x7f);
                case 1 -> body.put(FrameCodec.DELETE).putInt(-1).putInt(-1);
                case 2 -> {
                    byte[] bytes = new byte[random.nextInt(20)];
                    random.nextBytes(bytes);
                    body.put(bytes);
                }
                default -> {
                    Entry entry = Entry.put("k" + i, "v".repeat(random.nextInt(20)));
                    entry.encode(body);
                }
            }
        }
        return Arrays.copyOf(body.array(), body.position());
    }

    @Test
    void whenABodyIsRandomBytesThenItsRecordsAreNeverLongerThanItIs() {
        repeat(
                random -> {
                    byte[] bytes = new byte[random.nextInt(300)];
                    random.nextBytes(bytes);
                    for (int i = 0; i < bytes.length; i++) {
                        if (random.nextInt(4) == 0) {
                            bytes[i] = (byte) random.nextInt(4);
                        }
                    }
                    Contents contents = new Contents();
                    String wrong =
                            FrameCodec.decodeRecords(
                                    ByteBuffer.wrap(bytes), random.nextInt(20) - 1, contents);
                    int size = contents.records.stream().mapToInt(Entry::encodedSize).sum();
                    assertThat(size).isLessThanOrEqualTo(bytes.length);
                    if (bytes.length > 0 && contents.records.isEmpty()) {
                        assertThat(wrong).isNotNull();
                    }
                });
    }

    @Test
    void whenLengthsLieAtTheBordersOfVarintsThenRecordsComeBackAsTheyWere() {
        int[] lengths = {0, 1, 126, 127, 128, 129, 16383, 16384, 16385, 2097151, 2097152, 2097153};
        for (int key : lengths) {
            for (int value : lengths) {
                List<Entry> entries =
                        List.of(
                                new Entry(new byte[key], new byte[value]),
                                new Entry(new byte[key], null));
                int size = entries.stream().mapToInt(Entry::encodedSize).sum();
                ByteBuffer body = ByteBuffer.allocate(size);
                entries.forEach(entry -> entry.encode(body));
                assertThat(body.hasRemaining()).isFalse();
                List<Integer> found = new ArrayList<>();
                String wrong =
                        FrameCodec.decodeRecords(
                                body.flip(),
                                2,
                                new RecordSink() {
                                    @Override
                                    public void put(byte[] foundKey, byte[] foundValue) {
                                        found.add(foundKey.length);
                                        found.add(foundValue.length);
                                    }

                                    @Override
                                    public void delete(byte[] foundKey) {
                                        found.add(foundKey.length);
                                    }
                                });
                assertThat(wrong).isNull();
                assertThat(found).containsExactly(key, value, key);
            }
        }
    }

    @Test
    void whenALeaderSendsMangledFramesThenTheyAreRefusedWhole() {
        SampleLog sample = SampleLog.plain(15);
        LogId id = header(sample.bytes()).id();
        List<Entry> records = SampleLog.records(sample.frames());
        byte[] frames = Arrays.copyOfRange(sample.bytes(), sample.start(), sample.bytes().length);
        repeat(
                random -> {
                    boolean strange = random.nextInt(5) == 0;
                    byte[] bytes = mangled(frames, random);
                    if (strange) {
                        bytes = concat(bytes, frame(id, random));
                    }
                    ByteBuffer target = ByteBuffer.allocate(bytes.length);
                    FrameRun run = new FrameRun(id, target, 0, 0, 0);
                    String wrong = run.add(ByteBuffer.wrap(bytes));
                    if (wrong != null) {
                        assertThat(target.position()).isZero();
                        assertThat(run.position()).isZero();
                        assertThat(run.epoch()).isZero();
                        assertThat(run.begun()).isEmpty();
                    } else {
                        Contents contents = new Contents();
                        FrameRun.replay(ByteBuffer.wrap(bytes), contents);
                        assertThat(contents.records).hasSize((int) run.position());
                        if (!strange) {
                            assertThat(contents.records)
                                    .isEqualTo(records.subList(0, contents.records.size()));
                        }
                    }
                });
    }

    /** Opens a file of these bytes: what it holds, nothing when it is refused. */
    private static List<Entry> open(byte[] bytes) {
        SimulatedDisk disk = new SimulatedDisk();
        disk.put(FILE, bytes);
        Contents contents = new Contents();
        try (Wal wal = Wal.open(FILE, WalOptions.DEFAULTS.withFiles(disk), contents)) {
            int end = (int) wal.size();
            if (wal.wasTorn() && end == FrameCodec.FILE_HEADER_SIZE && bytes.length < end) {
                return List.of();
            }
            assertThat(disk.content(FILE)).isEqualTo(Arrays.copyOf(bytes, end));
            assertThat(wal.wasTorn()).isEqualTo(end < bytes.length);
            return contents.records;
        } catch (CorruptLogException e) {
            assertThat(disk.content(FILE)).isEqualTo(bytes);
            assertThat(disk.files()).containsExactly(FILE);
            assertThat(e.offset()).isBetween(0L, (long) bytes.length);
            return List.of();
        }
    }

    private static FileHeader header(byte[] bytes) {
        return java.util.Objects.requireNonNull(
                FrameCodec.decodeFileHeader(ByteBuffer.wrap(bytes)));
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
