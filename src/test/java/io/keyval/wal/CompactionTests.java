package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A compacted log says what the log before it said, whatever happens on the way. */
class CompactionTests {

    private static final Path FILE = Path.of("/data/leader.log");
    private static final Path TEMPORARY = Path.of("/data/leader.log.compacting");

    private final SimulatedDisk disk = new SimulatedDisk();
    private final Contents contents = new Contents();
    private final WalOptions options = WalOptions.DEFAULTS.withFiles(disk);

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 300_000, 1_000_000, Long.MAX_VALUE / 2})
    void whenALogIsCompactedThenItHoldsTheSameAndTheTailThatWasAskedFor(long retain) {
        List<Epoch> history;
        long base;
        try (Wal wal = open(contents)) {
            wal.startEpoch();
            for (int i = 0; i < 40; i++) {
                Group.append(wal, contents, value("k" + i % 7, i, 60_000), Entry.delete("x" + i));
            }
            wal.startEpoch();
            long before = wal.size();
            CompactionResult result = wal.compact(contents, retain);
            assertThat(result.bytesBefore()).isEqualTo(before);
            assertThat(result.bytesAfter()).isEqualTo(wal.size());
            assertThat(disk.content(FILE)).hasSize((int) wal.size());
            assertThat(disk.files()).containsExactly(FILE);
            history = wal.history();
            base = wal.basePosition();
            assertThat(wal.position()).isEqualTo(80);
            if (retain > before) {
                assertThat(base).isZero();
            } else {
                assertThat(base).isPositive();
                assertThat(wal.size()).isLessThan(before);
                assertThat(wal.cursorAfter(base - 1)).isNull();
            }
            if (retain >= 1_000_000 && retain < before) {
                assertThat(base).isLessThan(80);
            }
            assertThat(Group.append(wal, contents, Entry.put("last", "1"))).isEqualTo(81);
            assertTail(wal, base);
        }
        Contents found = new Contents();
        try (Wal wal = open(found)) {
            assertThat(found.state()).isEqualTo(contents.state());
            assertThat(wal.history()).isEqualTo(history).hasSize(2);
            assertThat(wal.basePosition()).isEqualTo(base);
            assertThat(wal.position()).isEqualTo(81);
            assertTail(wal, base);
        }
    }

    @Test
    void whenNothingIsAliveThenTheCompactedLogIsEmptyAndContinues() {
        try (Wal wal = open(contents)) {
            wal.startEpoch();
            Group.append(wal, contents, Entry.put("a", "1"), Entry.delete("a"));
            wal.compact(contents, 0);
            assertThat(wal.basePosition()).isEqualTo(2);
            Group.append(wal, contents, Entry.put("b", "2"));
        }
        Contents found = new Contents();
        open(found).close();
        assertThat(found.records).containsExactly(Entry.put("b", "2"));
    }

    @Test
    void whenNoRecordWasWrittenThenCompactionKeepsTheEpochs() {
        for (int starts = 0; starts < 4; starts++) {
            try (Wal wal = open(contents)) {
                assertHistoryStays(wal, starts);
                wal.startEpoch();
            }
        }
    }

    private void assertHistoryStays(Wal wal, int size) {
        List<Epoch> history = wal.history();
        assertThat(history).hasSize(size);
        wal.compact(contents, 0);
        assertThat(wal.history()).isEqualTo(history);
        assertThat(SampleLog.read(disk.content(FILE)).frames())
                .extracting(frame -> frame.header().epoch())
                .containsAll(history.stream().map(Epoch::value).toList());
    }

    @Test
    void whenValuesAreLargerThanTheBufferThenTheyAreInTheBase() {
        try (Wal wal = open(contents)) {
            for (int i = 0; i < 9; i++) {
                Group.append(wal, contents, value("k" + i, i, i % 3 == 0 ? 3 << 20 : 400_000));
            }
            wal.compact(contents, 0);
        }
        Contents found = new Contents();
        open(found).close();
        assertThat(found.state().equals(contents.state())).isTrue();
    }

    /** Epochs, restarts, writes and compactions in any order. */
    @Test
    void whenLogsAreCompactedAgainAndAgainThenStateHistoryAndPositionsStayTheSame() {
        for (long seed = 0; seed < 60; seed++) {
            try {
                new Course(seed).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static final class Course {

        private final Random random;
        private final SimulatedDisk disk = new SimulatedDisk();
        private final Contents contents = new Contents();
        private final List<Epoch> history = new ArrayList<>();
        private long position;

        Course(long seed) {
            random = new Random(seed);
        }

        void run() {
            for (int life = 0; life < 4; life++) {
                Contents replayed = new Contents();
                try (Wal wal = Wal.open(FILE, WalOptions.DEFAULTS.withFiles(disk), replayed)) {
                    assertThat(replayed.state().equals(contents.state())).isTrue();
                    check(wal);
                    for (int step = random.nextInt(10); step > 0; step--) {
                        step(wal);
                        check(wal);
                    }
                }
            }
        }

        private void step(Wal wal) {
            switch (random.nextInt(4)) {
                case 0 -> history.add(new Epoch(wal.startEpoch(), position + 1));
                case 1 -> {
                    long retain = random.nextInt(3) * (long) random.nextInt(900_000);
                    wal.compact(contents, retain);
                }
                default -> {
                    for (int i = random.nextInt(6); i >= 0; i--) {
                        int size = random.nextBoolean() ? 130_000 : 1 + random.nextInt(99);
                        Group.append(wal, contents, value("k" + random.nextInt(3), i, size));
                        position++;
                    }
                }
            }
        }

        private void check(Wal wal) {
            assertThat(wal.position()).isEqualTo(position);
            assertThat(wal.history()).isEqualTo(history);
            assertThat(wal.basePosition()).isLessThanOrEqualTo(position);
            assertThat(wal.size()).isLessThanOrEqualTo(disk.content(FILE).length);
            assertTail(wal, wal.basePosition());
        }
    }

    @Test
    void whenWritersAndReadersGoOnDuringCompactionsThenNothingIsLostAndTheOrderStays()
            throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        List<CompletableFuture<Void>> others = new ArrayList<>();
        try (Wal wal = open(contents)) {
            wal.startEpoch();
            Group.append(wal, contents, Entry.put("first", "1"));
            for (int writer = 0; writer < 3; writer++) {
                int number = writer;
                others.add(run(() -> write(wal, number, stop)));
            }
            List<Long> seen = new ArrayList<>();
            AtomicBoolean written = new AtomicBoolean();
            CompletableFuture<Void> follower = run(() -> follow(wal, seen, written));
            for (int i = 0; i < 15; i++) {
                wal.compact(contents, i % 3 * 100_000L);
            }
            stop.set(true);
            for (CompletableFuture<Void> other : others) {
                other.join();
            }
            written.set(true);
            follower.join();
            assertThat(wal.position()).isEqualTo(contents.records.size());
            assertThat(seen).isSorted().doesNotHaveDuplicates().isNotEmpty();
            assertThat(seen.getLast()).isEqualTo(wal.position());
        }
        Contents found = new Contents();
        open(found).close();
        assertThat(found.state().equals(contents.state())).isTrue();
    }

    private static CompletableFuture<Void> run(Runnable task) {
        return CompletableFuture.runAsync(task, Thread.ofPlatform().daemon()::start);
    }

    private void write(Wal wal, int writer, AtomicBoolean stop) {
        Random random = new Random(writer);
        for (int i = 0; !stop.get() || i < 100; i++) {
            String key = "k" + random.nextInt(50);
            Group.append(
                    wal,
                    contents,
                    random.nextInt(4) == 0
                            ? Entry.delete(key)
                            : value(key, writer * 100_000 + i, 1 + random.nextInt(2000)));
        }
    }

    /** Reads as a follower does: by position, and again from there when it has lost its place. */
    private static void follow(Wal wal, List<Long> seen, AtomicBoolean stop) {
        long behind = 1;
        while (true) {
            boolean last = stop.get();
            try (WalCursor cursor = wal.cursorAfter(behind)) {
                if (cursor == null) {
                    behind = wal.basePosition();
                    continue;
                }
                ByteBuffer frames;
                while ((frames = cursor.read(1 + (int) (behind % 50_000))) != null) {
                    for (FrameHeader header : headers(wal.id(), frames)) {
                        if (header.type() != FrameCodec.RECORDS) {
                            throw new AssertionError("a base frame behind a position");
                        }
                        if (header.count() > 0) {
                            seen.add(header.firstPosition());
                            assertThat(header.firstPosition()).isEqualTo(behind + 1);
                            behind = header.lastPosition();
                        }
                    }
                }
                if (last && behind == wal.position()) {
                    if (seen.getLast() != behind) {
                        seen.add(behind);
                    }
                    return;
                }
            } catch (LogRefusedException e) {
                behind = Math.max(behind, wal.basePosition());
            }
        }
    }

    @Test
    void whenACursorFromTheStartIsOvertakenByACompactionThenItReadsOnInTheNewFile() {
        try (Wal wal = open(contents)) {
            wal.startEpoch();
            for (int i = 0; i < 20; i++) {
                Group.append(wal, contents, Entry.put("k" + i % 3, "v" + i));
            }
            try (WalCursor start = wal.cursorFromStart();
                    WalCursor half = wal.cursorAfter(10)) {
                assertThat(half).isNotNull();
                start.read(FrameCodec.FILE_HEADER_SIZE);
                wal.compact(contents, 0);
                Group.append(wal, contents, Entry.put("new", "1"));
                assertThat(positions(wal, start)).containsExactlyElementsOf(range(1, 21));
                assertThat(positions(wal, half)).containsExactlyElementsOf(range(11, 21));
                assertThat(start.position()).isEqualTo(21);
                assertThat(half.position()).isEqualTo(21);
                Group.append(wal, contents, Entry.put("new", "2"));
                assertThat(positions(wal, half)).containsExactly(22L);
            }
            try (WalCursor start = wal.cursorFromStart()) {
                assertThat(start.position()).isEqualTo(20);
                FileHeader header = FrameCodec.decodeFileHeader(start.read(1));
                assertThat(header).isEqualTo(new FileHeader(wal.id(), 20));
                assertThat(positions(wal, start)).containsExactly(21L, 22L);
            }
        }
    }

    @Test
    void whenACompactionDroppedWhatACursorHasNotReadThenTheCursorSaysSo() {
        try (Wal wal = open(contents)) {
            Group.append(wal, contents, Entry.put("a", "1"));
            try (WalCursor cursor = wal.cursorFromStart()) {
                wal.compact(contents, 0);
                Group.append(wal, contents, Entry.put("b", "2"));
                wal.compact(contents, 0);
                assertThatThrownBy(() -> positions(wal, cursor))
                        .isInstanceOf(LogRefusedException.class)
                        .hasMessageContaining("behind position 1");
            }
        }
    }

    @Test
    void whenThereIsNoRoomThenTheLogIsLeftAloneAndALaterTrySucceeds() {
        try (Wal wal = open(contents)) {
            Group.append(wal, contents, Entry.put("a", "x".repeat(5000)), Entry.put("b", "2"));
            byte[] before = disk.content(FILE);
            disk.usable(4000);
            assertThatThrownBy(() -> wal.compact(contents, 0))
                    .isInstanceOf(LogRefusedException.class)
                    .hasMessageContaining("4000")
                    .hasMessageContaining(FILE.toString());
            assertThat(disk.content(FILE)).isEqualTo(before);
            assertThat(disk.files()).containsExactly(FILE);
            Group.append(wal, contents, Entry.put("c", "3"));
            disk.usable(1L << 40);
            wal.compact(contents, 0);
            assertThat(wal.basePosition()).isEqualTo(3);
        }
    }

    @Test
    void whenACompactionRunsThenAnotherIsRefused() {
        try (Wal wal = open(contents)) {
            Group.append(wal, contents, Entry.put("a", "1"));
            wal.compact(
                    during(
                            () ->
                                    assertThatThrownBy(() -> wal.compact(contents, 0))
                                            .isInstanceOf(LogRefusedException.class)
                                            .hasMessageContaining("running")),
                    0);
            wal.compact(contents, 0);
        }
    }

    @Test
    void whenTheWalkFailsThenTheLogIsAsItWas() {
        try (Wal wal = open(contents)) {
            Group.append(wal, contents, Entry.put("a", "1"));
            byte[] before = disk.content(FILE);
            LiveRecords wrong =
                    during(
                            () -> {
                                throw new IllegalStateException("a bug");
                            });
            assertThatThrownBy(() -> wal.compact(wrong, 0)).hasMessageContaining("a bug");
            assertThat(disk.content(FILE)).isEqualTo(before);
            assertThat(disk.files()).containsExactly(FILE);
            wal.compact(contents, 0);
        }
    }

    @Test
    void whenTheLogIsClosedDuringACompactionThenItStaysAsItIs() throws Exception {
        CountDownLatch walking = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        Wal wal = open(contents);
        Group.append(wal, contents, Entry.put("a", "1"));
        AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
        Thread compaction =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    try {
                                        wal.compact(
                                                during(
                                                        () -> {
                                                            walking.countDown();
                                                            waitFor(closed);
                                                        }),
                                                0);
                                    } catch (Throwable e) {
                                        thrown.set(e);
                                    }
                                });
        waitFor(walking);
        wal.close();
        closed.countDown();
        compaction.join();
        assertThat(thrown.get()).isInstanceOf(WalException.class);
        assertThat(disk.files()).containsExactly(FILE);
        Contents found = new Contents();
        open(found).close();
        assertThat(found.records).containsExactly(Entry.put("a", "1"));
    }

    @Test
    void whenAnyOperationOfACompactionFailsThenTheLogGoesOnOrSaysThatItHasFailed() {
        AtomicBoolean over = new AtomicBoolean();
        for (int step = 0; !over.get(); step++) {
            SimulatedDisk faulty = prepared();
            Contents state = new Contents();
            try (Wal wal = Wal.open(FILE, options.withFiles(faulty), state)) {
                int failing = step;
                AtomicInteger done = new AtomicInteger();
                faulty.failWith(
                        (operation, file, bytes) -> {
                            if (done.getAndIncrement() == failing) {
                                throw new IOException("Input/output error at " + operation);
                            }
                            return bytes;
                        });
                try {
                    wal.compact(state, 0);
                    over.set(done.get() <= failing);
                } catch (LogRefusedException e) {
                    assertThat(wal.failure()).isNull();
                    assertThat(wal.basePosition()).isZero();
                } catch (LogFailedException e) {
                    assertThat(wal.failure()).isNotNull();
                }
                faulty.failWith(SimulatedDisk.Fault.NONE);
                if (wal.failure() == null) {
                    assertThat(faulty.files()).containsExactly(FILE);
                    Group.append(wal, state, Entry.put("later", "1"));
                    wal.compact(state, 0);
                }
            }
            Contents found = new Contents();
            Wal.open(FILE, options.withFiles(faulty), found).close();
            assertThat(found.state()).isEqualTo(state.state());
        }
    }

    @Test
    void whenTheProcessIsKilledAnywhereInACompactionThenOneGoodLogIsLeft() {
        assertOneGoodLog(SimulatedDisk::kill);
    }

    @Test
    void whenThePowerGoesAnywhereInACompactionThenOneGoodLogIsLeft() {
        for (long seed = 0; seed < 8; seed++) {
            Random random = new Random(seed);
            assertOneGoodLog(running -> running.powerCut(random));
        }
    }

    private void assertOneGoodLog(java.util.function.Function<SimulatedDisk, SimulatedDisk> end) {
        AtomicBoolean over = new AtomicBoolean();
        for (int step = 0; !over.get(); step++) {
            SimulatedDisk running = prepared();
            AtomicReference<@Nullable SimulatedDisk> left = new AtomicReference<>();
            Contents state = new Contents();
            AtomicReference<List<Epoch>> history = new AtomicReference<>(List.of());
            AtomicReference<Map<String, String>> acknowledged = new AtomicReference<>(Map.of());
            try (Wal wal = Wal.open(FILE, options.withFiles(running), state)) {
                history.set(wal.history());
                acknowledged.set(state.state());
                int last = step;
                AtomicInteger done = new AtomicInteger();
                running.failWith(
                        (operation, file, bytes) -> {
                            if (done.getAndIncrement() == last) {
                                left.set(end.apply(running));
                            }
                            return bytes;
                        });
                try {
                    wal.compact(state, step % 2 * 200_000);
                    Group.append(wal, state, Entry.put("later", "1"));
                    acknowledged.set(state.state());
                } catch (WalException e) {
                    assertThat(left.get()).isNotNull();
                }
                if (left.get() == null) {
                    over.set(true);
                    left.set(end.apply(running));
                }
            }
            SimulatedDisk restarted = java.util.Objects.requireNonNull(left.get());
            Contents found = new Contents();
            try (Wal wal = Wal.open(FILE, options.withFiles(restarted), found)) {
                Map<String, String> state0 = found.state();
                state0.remove(java.util.HexFormat.of().formatHex("later".getBytes()));
                Map<String, String> expected = acknowledged.get();
                expected.remove(java.util.HexFormat.of().formatHex("later".getBytes()));
                assertThat(state0.equals(expected)).as("step %d", step).isTrue();
                assertThat(wal.history()).isEqualTo(history.get());
                assertThat(wal.wasTorn() && over.get()).isFalse();
                Group.append(wal, found, Entry.put("next", "1"));
                wal.compact(found, 0);
                assertThat(restarted.exists(TEMPORARY)).isFalse();
            }
            Contents again = new Contents();
            Wal.open(FILE, options.withFiles(restarted), again).close();
            assertThat(again.state()).isEqualTo(found.state());
        }
    }

    /** A log of some size with two epochs. */
    private SimulatedDisk prepared() {
        SimulatedDisk fresh = new SimulatedDisk();
        Contents state = new Contents();
        try (Wal wal = Wal.open(FILE, options.withFiles(fresh), state)) {
            wal.startEpoch();
            for (int i = 0; i < 6; i++) {
                Group.append(wal, state, value("k" + i % 4, i, 90_000));
            }
            wal.startEpoch();
            Group.append(wal, state, Entry.delete("k1"), Entry.put("small", "1"));
        }
        return fresh;
    }

    /** The contents, with something that is done before the walk. */
    private LiveRecords during(Runnable action) {
        return new LiveRecords() {
            @Override
            public void forEach(BiConsumer<byte[], byte[]> entry) {
                action.run();
                contents.forEach(entry);
            }

            @Override
            public long encodedSize() {
                return contents.encodedSize();
            }
        };
    }

    @Test
    void whenKeysChangeDuringTheWalkThenTheTailHasTheLastWord() {
        try (Wal wal = open(contents)) {
            wal.startEpoch();
            Group.append(wal, contents, Entry.put("gone", "1"), Entry.put("changed", "1"));
            Contents early = new Contents();
            contents.records.forEach(early::add);
            LiveRecords walk =
                    new LiveRecords() {
                        @Override
                        public void forEach(BiConsumer<byte[], byte[]> entry) {
                            Group.append(wal, contents, Entry.put("changed", "2"));
                            early.forEach(entry);
                            Group.append(wal, contents, Entry.delete("gone"));
                            contents.forEach(entry);
                            Group.append(wal, contents, Entry.put("new", "3"));
                        }

                        @Override
                        public long encodedSize() {
                            return 100;
                        }
                    };
            wal.compact(walk, 0);
            assertThat(wal.basePosition()).isEqualTo(2);
            assertThat(wal.position()).isEqualTo(5);
        }
        Contents found = new Contents();
        open(found).close();
        assertThat(found.state()).isEqualTo(contents.state());
    }

    private Wal open(Contents sink) {
        return Wal.open(FILE, options, sink);
    }

    private static Entry value(String key, int number, int size) {
        byte[] value = new byte[size];
        new Random(number).nextBytes(value);
        return new Entry(key.getBytes(), value);
    }

    /** All positions above the base are there, one by one, and so is every start behind a group. */
    private static void assertTail(Wal wal, long base) {
        try (WalCursor cursor = wal.cursorAfter(base)) {
            assertThat(cursor).isNotNull();
            List<Long> read = positions(wal, cursor);
            assertThat(read).containsExactlyElementsOf(range(base + 1, wal.position()));
            assertThat(cursor.position()).isEqualTo(wal.position());
            assertThat(cursor.remaining()).isZero();
        }
        try (WalCursor cursor = wal.cursorAfter(wal.position())) {
            assertThat(cursor).isNotNull();
            assertThat(positions(wal, cursor)).isEmpty();
        }
        assertThat(wal.cursorAfter(wal.position() + 1)).isNull();
    }

    private static List<Long> range(long first, long last) {
        return java.util.stream.LongStream.rangeClosed(first, last).boxed().toList();
    }

    /** The positions of the records that a cursor reads, the file header and the base left out. */
    private static List<Long> positions(Wal wal, WalCursor cursor) {
        List<Long> positions = new ArrayList<>();
        ByteBuffer frames;
        while ((frames = cursor.read(10_000)) != null) {
            if (frames.getInt(0) != FrameCodec.FRAME_MAGIC) {
                continue;
            }
            for (FrameHeader header : headers(wal.id(), frames)) {
                if (header.type() == FrameCodec.RECORDS) {
                    positions.addAll(range(header.firstPosition(), header.lastPosition()));
                }
            }
        }
        return positions;
    }

    private static List<FrameHeader> headers(LogId id, ByteBuffer frames) {
        List<FrameHeader> headers = new ArrayList<>();
        for (int at = 0; at < frames.limit(); ) {
            FrameHeader header = FrameCodec.decodeFrameHeader(frames, at, id);
            headers.add(java.util.Objects.requireNonNull(header));
            at += (int) header.size();
        }
        return headers;
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
