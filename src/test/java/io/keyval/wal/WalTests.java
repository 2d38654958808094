package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A log on a real disk. */
class WalTests {

    @TempDir Path directory;

    private Path file;
    private Contents contents;

    @BeforeEach
    void name() {
        file = directory.resolve("leader.log");
    }

    private Wal open() {
        return open(WalOptions.DEFAULTS);
    }

    private Wal open(WalOptions options) {
        contents = new Contents();
        return Wal.open(file, options, contents);
    }

    @Test
    void whenThereIsNoFileThenAnEmptyLogIsMade() throws IOException {
        try (Wal wal = open()) {
            assertThat(wal.position()).isZero();
            assertThat(wal.epoch()).isZero();
            assertThat(wal.basePosition()).isZero();
            assertThat(wal.history()).isEmpty();
            assertThat(wal.size()).isEqualTo(FrameCodec.FILE_HEADER_SIZE);
            assertThat(wal.failure()).isNull();
            assertThat(wal.stall()).isNull();
        }
        assertThat(Files.size(file)).isEqualTo(FrameCodec.FILE_HEADER_SIZE);
    }

    @Test
    void whenALogIsOpenedAgainThenItHoldsAllRecordsInOrderAndContinues() {
        LogId id;
        try (Wal wal = open()) {
            id = wal.id();
            assertThat(Group.append(wal, contents, Entry.put("a", "1"))).isEqualTo(1);
            assertThat(Group.append(wal, contents, Entry.put("b", "2"), Entry.delete("a")))
                    .isEqualTo(2);
            assertThat(wal.position()).isEqualTo(3);
        }
        try (Wal wal = open()) {
            assertThat(contents.records)
                    .containsExactly(Entry.put("a", "1"), Entry.put("b", "2"), Entry.delete("a"));
            assertThat(wal.id()).isEqualTo(id);
            assertThat(Group.append(wal, contents, Entry.put("c", "3"))).isEqualTo(4);
        }
    }

    @Test
    void whenTheFileIsRemovedThenItIsWrittenAnewAndNothingIsLost() throws IOException {
        try (Wal wal = open()) {
            LogId id = wal.id();
            Group.append(wal, contents, Entry.put("a", "1"), Entry.put("b", "2"));
            assertThat(wal.restoreIfGone()).isFalse();
            try (WalCursor cursor = wal.cursorAfter(0)) {
                Files.delete(file);
                Group.append(wal, contents, Entry.put("c", "3"));

                assertThat(wal.restoreIfGone()).isTrue();
                assertThat(wal.restoreIfGone()).isFalse();
                assertThat(wal.id()).isEqualTo(id);
                assertThat(wal.position()).isEqualTo(3);
                assertThat(Group.append(wal, contents, Entry.put("d", "4"))).isEqualTo(4);
                while (cursor.read(1 << 20) != null) {
                    assertThat(cursor.position()).isLessThanOrEqualTo(4);
                }
                assertThat(cursor.position()).isEqualTo(4);
            }
        }
        try (Wal wal = open()) {
            assertThat(contents.records)
                    .containsExactly(
                            Entry.put("a", "1"),
                            Entry.put("b", "2"),
                            Entry.put("c", "3"),
                            Entry.put("d", "4"));
            assertThat(wal.wasTorn()).isFalse();
        }
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void whenTheFileCannotBeWrittenAnewThenTheLogGoesOnWithoutIt() throws IOException {
        Path data = Files.createDirectory(directory.resolve("data"));
        file = data.resolve("leader.log");
        try (Wal wal = open()) {
            Files.delete(file);
            Files.delete(data);
            assertThatThrownBy(wal::restoreIfGone)
                    .isInstanceOf(LogRefusedException.class)
                    .hasMessageContaining("cannot be written anew");
            assertThat(Group.append(wal, contents, Entry.put("a", "1"))).isEqualTo(1);
            Files.createDirectory(data);
            assertThat(wal.restoreIfGone()).isTrue();
        }
        try (Wal wal = open()) {
            assertThat(wal.position()).isEqualTo(1);
        }
    }

    @Test
    void whenCopiesAreGivenUpThenTheyFailAndTheLogGoesOn() throws IOException {
        try (Wal wal = open()) {
            Group.append(wal, contents, Entry.put("a", "1"));
            wal.giveUpCopies();
            assertThatThrownBy(() -> wal.copyTo(directory.resolve("copy")))
                    .isInstanceOf(LogRefusedException.class);
            assertThat(Group.append(wal, contents, Entry.put("b", "2"))).isEqualTo(2);
        }
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void whenGroupsWaitTogetherThenTheyShareOneFrameAndOneForce() throws Exception {
        int waiting = 20;
        List<Long> forces = new ArrayList<>();
        WalEvents events =
                new WalEvents() {
                    @Override
                    public void forced(long nanos) {
                        forces.add(nanos);
                    }
                };
        try (Wal wal = open(WalOptions.DEFAULTS.withEvents(events))) {
            CountDownLatch held = new CountDownLatch(1);
            CompletableFuture<Void> queued = new CompletableFuture<>();
            wal.append(
                    new Group(contents, List.of(Entry.put("first", "1"))) {
                        @Override
                        public void committed(long position) {
                            super.committed(position);
                            held.countDown();
                            queued.join();
                        }
                    });
            assertThat(held.await(20, TimeUnit.SECONDS)).isTrue();
            List<Group> groups = new ArrayList<>();
            for (int i = 0; i < waiting; i++) {
                Group group = new Group(contents, List.of(Entry.put("k" + i, "v")));
                groups.add(group);
                wal.append(group);
            }
            queued.complete(null);
            for (int i = 0; i < waiting; i++) {
                assertThat(groups.get(i).position()).isEqualTo(2 + i);
            }
            assertThat(forces).hasSize(2);
        }
        assertThat(SampleLog.read(Files.readAllBytes(file)).frames())
                .extracting(frame -> frame.records().size())
                .containsExactly(1, waiting, 0);
    }

    @Test
    void whenAGroupIsCommittedThenItIsForcedAlready() {
        SimulatedDisk disk = new SimulatedDisk();
        try (Wal wal = open(WalOptions.DEFAULTS.withFiles(disk))) {
            Group.append(wal, contents, Entry.put("a", "1"));
            contents = new Contents();
            SimulatedDisk after = disk.powerCut(new Random(1));
            try (Wal _ = Wal.open(file, WalOptions.DEFAULTS.withFiles(after), contents)) {
                assertThat(contents.records).containsExactly(Entry.put("a", "1"));
            }
        }
    }

    @Test
    void whenAnIntervalIsOverThenWhatWasWrittenIsForced() throws Exception {
        CountDownLatch forced = new CountDownLatch(1);
        WalEvents events =
                new WalEvents() {
                    @Override
                    public void forced(long nanos) {
                        forced.countDown();
                    }
                };
        FsyncPolicy policy = FsyncPolicy.every(Duration.ofMillis(50));
        try (Wal wal = open(WalOptions.DEFAULTS.withFsync(policy).withEvents(events))) {
            Group.append(wal, contents, Entry.put("a", "1"));
            assertThat(forced.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void whenNothingIsForcedThenNoFrameVouchesForTheOneBefore() throws IOException {
        byte[] bytes;
        try (Wal wal = open(WalOptions.DEFAULTS.withFsync(FsyncPolicy.NEVER))) {
            Group.append(wal, contents, Entry.put("a", "1"));
            Group.append(wal, contents, Entry.put("b", "2"));
            bytes = Files.readAllBytes(file);
        }
        List<SampleLog.Frame> frames = SampleLog.read(bytes).frames();
        assertThat(frames.get(1).header().unforced()).isEqualTo(frames.getFirst().header().size());
        bytes[frames.getFirst().end() - 1] ^= 1;
        Files.write(file, bytes);
        try (Wal wal = open()) {
            assertThat(wal.wasTorn()).isTrue();
            assertThat(contents.records).isEmpty();
        }
    }

    @Test
    void whenALogIsClosedThenItIsSealedAndRefusesWhatComes() throws IOException {
        Wal wal = open();
        wal.startEpoch();
        Group.append(wal, contents, Entry.put("a", "1"));
        wal.close();
        wal.close();
        SampleLog.Frame seal = SampleLog.read(Files.readAllBytes(file)).frames().getLast();
        assertThat(seal.records()).isEmpty();
        assertThat(seal.header().firstPosition()).isEqualTo(2);
        assertThat(seal.header().unforced()).isZero();
        assertThatThrownBy(() -> Group.append(wal, contents, Entry.put("b", "2")))
                .isInstanceOf(LogFailedException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(wal::startEpoch).isInstanceOf(LogFailedException.class);
        assertThatThrownBy(() -> wal.compact(contents, 0)).isInstanceOf(WalException.class);
        assertThat(directory).isDirectoryContaining("glob:**/leader.log");
        assertThat(directory.toFile().list()).containsExactly("leader.log");
    }

    @Test
    void whenWritersAreBusyAtTheCloseThenEachIsEitherThereOrRefused() throws Exception {
        Wal wal = open();
        List<Group> groups = new ArrayList<>();
        Thread writer =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    for (int i = 0; i < 2_000; i++) {
                                        Group group =
                                                new Group(
                                                        contents, List.of(Entry.put("k" + i, "v")));
                                        groups.add(group);
                                        wal.append(group);
                                    }
                                });
        wal.close();
        writer.join();
        List<Entry> acknowledged =
                groups.stream()
                        .filter(group -> !group.outcome.isCompletedExceptionally())
                        .flatMap(group -> group.entries.stream())
                        .toList();
        assertThat(groups).allMatch(group -> group.outcome.isDone());
        try (Wal _ = open()) {
            assertThat(contents.records).isEqualTo(acknowledged);
        }
    }

    @Test
    void whenEpochsBeginThenTheHistoryTellsThemAlsoAfterwards() {
        List<Epoch> history;
        try (Wal wal = open()) {
            long first = wal.startEpoch();
            Group.append(wal, contents, Entry.put("a", "1"), Entry.put("b", "1"));
            long second = wal.startEpoch();
            long third = wal.startEpoch();
            history = wal.history();
            assertThat(history)
                    .containsExactly(
                            new Epoch(first, 1), new Epoch(second, 3), new Epoch(third, 3));
            assertThat(history).extracting(Epoch::number).containsExactly(1L, 2L, 3L);
            assertThat(wal.epoch()).isEqualTo(third);
        }
        try (Wal wal = open()) {
            assertThat(wal.history()).isEqualTo(history);
        }
    }

    @Test
    void whenALeadersFramesHaveComeThenOwnWritesAreRefusedUntilAnEpochBegins() throws Exception {
        Path copy = directory.resolve("follower_2.log");
        Contents copied = new Contents();
        try (Wal leader = open()) {
            leader.startEpoch();
            leader.copyTo(copy);
            Group.append(leader, contents, Entry.put("a", "1"));
            try (Wal follower = Wal.open(copy, WalOptions.DEFAULTS, copied);
                    WalCursor cursor = leader.cursorAfter(0)) {
                assertThat(cursor).isNotNull();
                CompletableFuture<Long> outcome = new CompletableFuture<>();
                follower.appendFrames(cursor.read(1 << 20), copied, outcomeOf(outcome));
                assertThat(outcome.get(20, TimeUnit.SECONDS)).isEqualTo(1);

                assertThatThrownBy(() -> Group.append(follower, copied, Entry.put("b", "2")))
                        .isInstanceOf(LogRefusedException.class)
                        .hasMessageContaining("copies a leader's log");

                follower.startEpoch();
                assertThat(Group.append(follower, copied, Entry.put("c", "3"))).isEqualTo(2);
                assertThat(copied.records)
                        .containsExactly(Entry.put("a", "1"), Entry.put("c", "3"));
            }
        }
    }

    private static Outcome outcomeOf(CompletableFuture<Long> told) {
        return new Outcome() {
            @Override
            public void committed(long position) {
                told.complete(position);
            }

            @Override
            public void refused(WalException cause) {
                told.completeExceptionally(cause);
            }
        };
    }

    @Test
    void whenValuesAreLargerThanEveryBufferThenTheyComeBack() {
        byte[] large = new byte[3 << 20];
        new Random(2).nextBytes(large);
        Entry entry = new Entry("large".getBytes(), large);
        try (Wal wal = open()) {
            Group.append(wal, contents, entry, Entry.put("small", "1"));
            try (WalCursor cursor = wal.cursorFromStart()) {
                cursor.read(100);
                ByteBuffer frame = cursor.read(100);
                assertThat(frame).isNotNull();
                assertThat(frame.remaining()).isGreaterThan(large.length);
                assertThat(cursor.read(100)).isNull();
            }
        }
        try (Wal _ = open()) {
            assertThat(contents.records).containsExactly(entry, Entry.put("small", "1"));
        }
    }

    @Test
    void whenACursorReadsFromTheStartThenItsBytesAreTheFile() throws IOException {
        try (Wal wal = open()) {
            Random random = new Random(3);
            for (int i = 0; i < 50; i++) {
                Group.append(wal, contents, Entry.random(random), Entry.random(random));
            }
            ByteBuffer all = ByteBuffer.allocate((int) wal.size());
            try (WalCursor cursor = wal.cursorFromStart()) {
                assertThat(cursor.remaining()).isEqualTo(wal.size());
                ByteBuffer bytes;
                while ((bytes = cursor.read(300)) != null) {
                    all.put(bytes);
                }
                assertThat(cursor.position()).isEqualTo(100);
                assertThat(cursor.remaining()).isZero();
            }
            assertThat(all.array()).isEqualTo(Files.readAllBytes(file));
        }
    }

    @Test
    void whenACursorIsAskedForAfterAPositionThenItBeginsAtAFrameBehindItOrThereIsNone() {
        try (Wal wal = open()) {
            Group.append(wal, contents, Entry.put("a", "1"));
            Group.append(wal, contents, Entry.put("b", "1"), Entry.put("c", "1"));
            Group.append(wal, contents, Entry.put("d", "1"));
            assertThat(next(wal, 0)).isEqualTo(1);
            assertThat(next(wal, 1)).isEqualTo(2);
            assertThat(next(wal, 3)).isEqualTo(4);
            assertThat(next(wal, 4)).isEqualTo(-1);
            assertThat(wal.cursorAfter(2)).as("inside a frame").isNull();
            assertThat(wal.cursorAfter(5)).as("above the end").isNull();
        }
    }

    private static long next(Wal wal, long position) {
        try (WalCursor cursor = wal.cursorAfter(position)) {
            assertThat(cursor).isNotNull();
            assertThat(cursor.position()).isEqualTo(position);
            ByteBuffer frame = cursor.read(1);
            if (frame == null) {
                return -1;
            }
            FrameHeader header = FrameCodec.decodeFrameHeader(frame, 0, wal.id());
            assertThat(header).isNotNull();
            return header.firstPosition();
        }
    }

    @Test
    void whenWritesGoOnThenACursorCanBePlacedAtTheEndAtAnyTime() throws Exception {
        try (Wal wal = open(WalOptions.DEFAULTS.withFsync(FsyncPolicy.NEVER))) {
            CompletableFuture<Void> writing =
                    CompletableFuture.runAsync(
                            () -> {
                                for (int i = 0; i < 3_000; i++) {
                                    Group.append(wal, contents, Entry.put("k", "v" + i));
                                }
                            });
            while (!writing.isDone()) {
                long position = wal.position();
                try (WalCursor cursor = wal.cursorAfter(position)) {
                    assertThat(cursor).as("after %d", position).isNotNull();
                }
            }
            writing.join();
        }
    }

    @Test
    void whenACursorWaitsThenAWriteWakesItAndTimeEndsIt() throws Exception {
        try (Wal wal = open();
                WalCursor cursor = wal.cursorAfter(0)) {
            assertThat(cursor).isNotNull();
            assertThat(cursor.read(100)).isNull();
            assertThat(cursor.await(Duration.ofMillis(1))).isFalse();
            CompletableFuture<Boolean> woken = new CompletableFuture<>();
            Thread.ofPlatform()
                    .start(
                            () -> {
                                try {
                                    woken.complete(cursor.await(Duration.ofSeconds(20)));
                                } catch (InterruptedException e) {
                                    woken.completeExceptionally(e);
                                }
                            });
            Group.append(wal, contents, Entry.put("a", "1"));
            assertThat(woken.get(20, TimeUnit.SECONDS)).isTrue();
            assertThat(cursor.read(100)).isNotNull();
        }
    }

    @Test
    void whenALogIsCopiedThenTheCopyHoldsTheSameAndNothingIsWrittenOver() {
        Path copy = directory.resolve("copy.log");
        try (Wal wal = open()) {
            wal.startEpoch();
            Group.append(wal, contents, Entry.put("a", "1"), Entry.delete("b"));
            assertThat(wal.copyTo(copy)).isEqualTo(wal.size());
            assertThatThrownBy(() -> wal.copyTo(copy)).isInstanceOf(LogRefusedException.class);
            Contents copied = new Contents();
            try (Wal other = Wal.open(copy, WalOptions.DEFAULTS, copied)) {
                assertThat(copied.records).isEqualTo(contents.records);
                assertThat(other.id()).isEqualTo(wal.id());
                assertThat(other.history()).isEqualTo(wal.history());
            }
        }
    }

    @Test
    void whenALogMovesThenItGoesOnInItsNewPlace() {
        Path target = directory.resolve("elsewhere.log");
        try (Wal wal = open()) {
            Group.append(wal, contents, Entry.put("a", "1"));
            wal.moveTo(target);
            assertThat(wal.file()).isEqualTo(target);
            assertThat(file).doesNotExist();
            assertThat(Group.append(wal, contents, Entry.put("b", "1"))).isEqualTo(2);
            assertThat(next(wal, 1)).isEqualTo(2);
        }
        file = target;
        try (Wal wal = open()) {
            assertThat(wal.position()).isEqualTo(2);
        }
    }

    @Test
    void whenAFileIsNoLogThenItIsRefusedAndNotTouched() throws IOException {
        for (byte[] bytes :
                List.of("#!/bin/sh\n".getBytes(), new byte[10], new byte[100], new byte[5_000])) {
            Files.write(file, bytes);
            assertThatThrownBy(this::open)
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("not a keyval log");
            assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
        }
    }

    @Test
    void whenAFileSaysAnotherVersionThenItIsRefusedWithBothVersions() throws IOException {
        open().close();
        byte[] bytes = Files.readAllBytes(file);
        bytes[9] = 2;
        Files.write(file, bytes);
        assertThatThrownBy(this::open)
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("version 2")
                .hasMessageContaining("version 1");
        assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
    }

    @Test
    void whenTheFileHeaderIsDamagedThenTheLogIsRefused() throws IOException {
        open().close();
        byte[] bytes = Files.readAllBytes(file);
        bytes[20] ^= 4;
        Files.write(file, bytes);
        assertThatThrownBy(this::open)
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("header");
    }

    @Test
    void whenKeysAndValuesHoldAnyByteThenTheyComeBack() {
        byte[] every = new byte[256];
        for (int i = 0; i < every.length; i++) {
            every[i] = (byte) i;
        }
        Entry entry = new Entry(every, Arrays.copyOf(every, 200));
        try (Wal wal = open()) {
            Group.append(wal, contents, entry);
        }
        try (Wal _ = open()) {
            assertThat(contents.records).containsExactly(entry);
        }
    }
}
