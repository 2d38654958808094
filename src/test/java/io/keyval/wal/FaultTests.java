package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a log does when its disk does not do what it was asked. */
class FaultTests {

    private static final Path FILE = Path.of("/data/leader.log");
    private static final SimulatedDisk.Fault FULL =
            (operation, _, bytes) -> {
                if (operation.equals("write")) {
                    throw new IOException("No space left on device");
                }
                return bytes;
            };

    private final SimulatedDisk disk = new SimulatedDisk();
    private final Contents contents = new Contents();
    private final RecordedEvents events = new RecordedEvents();
    private final WalOptions options = WalOptions.DEFAULTS.withFiles(disk).withEvents(events);

    @Test
    void whenTheDiskIsFullThenWritesAreRefusedAndResumeWhenThereIsRoom() {
        try (Wal wal = open()) {
            wal.startEpoch();
            Group.append(wal, contents, Entry.put("a", "1"));
            byte[] before = disk.content(FILE);
            long size = wal.size();

            disk.failWith(FULL);
            for (int i = 0; i < 3; i++) {
                assertRefused(wal, Entry.put("b", "2"));
                assertThat(wal.stall()).contains("No space left on device");
                assertThat(wal.failure()).isNull();
            }
            assertThat(disk.content(FILE)).isEqualTo(before);
            assertThat(wal.size()).isEqualTo(size);
            assertThat(wal.position()).isEqualTo(1);

            disk.failWith(SimulatedDisk.Fault.NONE);
            assertThat(Group.append(wal, contents, Entry.put("c", "3"))).isEqualTo(2);
            assertThat(wal.stall()).isNull();
            assertThat(events.told).containsExactly("stalled", "resumed");

            disk.failWith(FULL);
            assertRefused(wal, Entry.put("d", "4"));
            disk.failWith(SimulatedDisk.Fault.NONE);
            assertThat(events.told).containsExactly("stalled", "resumed", "stalled");
        }
        assertHolds(Entry.put("a", "1"), Entry.put("c", "3"));
    }

    @Test
    void whenAWriteIsCutShortAndThenFailsThenWhatItLeftIsUndoneForGood() {
        for (int left = 1; left < 80; left++) {
            SimulatedDisk fresh = new SimulatedDisk();
            Contents kept = new Contents();
            int first = left;
            try (Wal wal = Wal.open(FILE, options.withFiles(fresh), kept)) {
                Group.append(wal, kept, Entry.put("a", "1"));
                byte[] before = fresh.content(FILE);
                AtomicInteger writes = new AtomicInteger();
                fresh.failWith(
                        (operation, _, bytes) -> {
                            if (!operation.equals("write")) {
                                return bytes;
                            }
                            if (writes.incrementAndGet() > 1) {
                                throw new IOException("No space left on device");
                            }
                            return Math.min(bytes, first);
                        });
                Group refused = new Group(kept, List.of(Entry.put("lost", "x".repeat(90))));
                wal.append(refused);
                assertThatThrownBy(refused::position).isInstanceOf(LogRefusedException.class);
                assertThat(fresh.content(FILE)).isEqualTo(before);
                fresh.failWith(SimulatedDisk.Fault.NONE);
                Group.append(wal, kept, Entry.put("b", "2"));
            }
            Contents found = new Contents();
            Wal.open(FILE, options.withFiles(fresh), found).close();
            assertThat(found.records).containsExactly(Entry.put("a", "1"), Entry.put("b", "2"));
        }
        assertThat(events.told).doesNotContain("tornTail", "failed");
    }

    @Test
    void whenWritesAreShortThenTheyGoOnWhereTheyStopped() {
        AtomicInteger turn = new AtomicInteger();
        disk.failWith(
                (operation, _, bytes) ->
                        operation.equals("write")
                                ? Math.min(bytes, 1 + turn.incrementAndGet() % 7)
                                : bytes);
        try (Wal wal = open()) {
            wal.startEpoch();
            Group.append(wal, contents, Entry.put("a", "x".repeat(500)), Entry.delete("b"));
            Group.append(wal, contents, Entry.put("c", "3"));
            wal.compact(contents, 0);
            Group.append(wal, contents, Entry.put("d", "4"));
        }
        disk.failWith(SimulatedDisk.Fault.NONE);
        Contents found = new Contents();
        open(found).close();
        assertThat(found.state()).isEqualTo(contents.state());
        assertThat(events.told).containsExactly("compacted");
    }

    @ParameterizedTest
    @ValueSource(strings = {"truncate", "force"})
    void whenAFailedWriteCannotBeUndoneThenTheLogFails(String undo) {
        try (Wal wal = open()) {
            Group.append(wal, contents, Entry.put("a", "1"));
            disk.failWith(
                    (operation, _, bytes) -> {
                        if (operation.equals("write") || operation.equals(undo)) {
                            throw new IOException("Input/output error");
                        }
                        return bytes;
                    });
            assertFails(wal, Entry.put("b", "2"));
            disk.failWith(SimulatedDisk.Fault.NONE);
            assertFails(wal, Entry.put("c", "3"));
            assertThat(wal.failure()).contains("Input/output error").contains(FILE.toString());
        }
        assertThat(events.told).containsExactly("failed");
        assertHolds(Entry.put("a", "1"));
    }

    @Test
    void whenAForceFailsThenNothingIsAcknowledgedAndTheFileIsLeftAloneForEver() {
        List<String> operations = new CopyOnWriteArrayList<>();
        try (Wal wal = open();
                WalCursor cursor = wal.cursorFromStart()) {
            wal.startEpoch();
            Group.append(wal, contents, Entry.put("a", "1"));
            while (cursor.read(1 << 20) != null) {}
            disk.failWith(failing("force"));
            assertFails(wal, Entry.put("b", "2"));
            assertThat(contents.records).containsExactly(Entry.put("a", "1"));
            assertThat(wal.position()).isEqualTo(1);
            assertThat(cursor.read(1 << 20)).isNull();

            disk.failWith(
                    (operation, _, bytes) -> {
                        operations.add(operation);
                        return bytes;
                    });
            assertFails(wal, Entry.put("c", "3"));
            assertThatThrownBy(wal::startEpoch).isInstanceOf(LogFailedException.class);
            assertThatThrownBy(() -> wal.moveTo(FILE.resolveSibling("other.log")))
                    .isInstanceOf(LogFailedException.class);
            assertThat(wal.failure()).contains("Input/output error");
        }
        assertThat(operations).doesNotContain("write", "force", "truncate", "rename");
        assertThat(events.told).containsExactly("failed");
        disk.failWith(SimulatedDisk.Fault.NONE);
        Contents found = new Contents();
        try (Wal wal = open(found)) {
            assertThat(found.records)
                    .startsWith(Entry.put("a", "1"))
                    .doesNotContain(Entry.put("c", "3"));
            Group.append(wal, found, Entry.put("d", "4"));
        }
    }

    @Test
    void whenTheLogHasFailedThenACompactionLeavesItAlone() {
        try (Wal wal = open()) {
            Group.append(wal, contents, Entry.put("a", "1"));
            disk.failWith(failing("force"));
            assertFails(wal, Entry.put("b", "2"));
            disk.failWith(SimulatedDisk.Fault.NONE);
            assertThatThrownBy(() -> wal.compact(contents, 0))
                    .isInstanceOf(LogFailedException.class);
            assertThat(disk.files()).containsExactly(FILE);
        }
    }

    @Test
    void whenAForceFailsThenAllWhoWaitAreRefusedOnceAndInOrder() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        List<Integer> refused = new CopyOnWriteArrayList<>();
        List<Group> groups = new ArrayList<>();
        WalOptions small = new WalOptions(FsyncPolicy.ALWAYS, 200, events, disk, false);
        try (Wal wal = Wal.open(FILE, small, contents)) {
            disk.failWith(
                    (operation, _, bytes) -> {
                        if (operation.equals("force")) {
                            entered.countDown();
                            waitFor(leave);
                            throw new IOException("Input/output error");
                        }
                        return bytes;
                    });
            for (int i = 0; i < 20; i++) {
                Group group = new Group(contents, List.of(Entry.put("k" + i, "v".repeat(30))));
                int number = i;
                group.outcome.exceptionally(
                        e -> {
                            refused.add(number);
                            return 0L;
                        });
                groups.add(group);
            }
            wal.append(groups.getFirst());
            waitFor(entered);
            groups.subList(1, 15).forEach(wal::append);
            assertThat(wal.isFull()).isTrue();
            leave.countDown();
            groups.subList(15, 20).forEach(wal::append);
            for (Group group : groups) {
                assertThatThrownBy(group::position).isInstanceOf(LogFailedException.class);
            }
        }
        assertThat(refused).hasSize(20).isSorted();
        assertThat(contents.records).isEmpty();
        assertThat(events.told).containsExactly("failed");
    }

    @Test
    void whenAForceFailsBetweenTwoIntervalsThenWritesEnd() {
        WalOptions often = options.withFsync(FsyncPolicy.every(Duration.ofMillis(5)));
        try (Wal wal = Wal.open(FILE, often, contents)) {
            disk.failWith(failing("force"));
            Group group = new Group(contents, List.of(Entry.put("a", "1")));
            wal.append(group);
            await().until(() -> wal.failure() != null);
            assertFails(wal, Entry.put("b", "2"));
        }
        assertThat(events.told).containsExactly("failed");
    }

    @Test
    void whenAnEpochCannotBeWrittenThenTheEpochIsTheOneBefore() {
        try (Wal wal = open()) {
            long first = wal.startEpoch();
            List<Epoch> history = wal.history();
            disk.failWith(FULL);
            assertThatThrownBy(wal::startEpoch).isInstanceOf(LogRefusedException.class);
            assertThat(wal.epoch()).isEqualTo(first);
            assertThat(wal.history()).isEqualTo(history);
            disk.failWith(SimulatedDisk.Fault.NONE);
            Group.append(wal, contents, Entry.put("a", "1"));
            assertThat(wal.startEpoch()).isGreaterThan(first);
            assertThat(wal.history()).hasSize(2);
        }
        Contents found = new Contents();
        try (Wal wal = open(found)) {
            assertThat(wal.history()).hasSize(2);
        }
    }

    @Test
    void whenThereIsNoRoomForTheSealThenTheLogIsWholeWithoutIt() {
        try (Wal wal = open()) {
            Group.append(wal, contents, Entry.put("a", "1"));
            disk.failWith(FULL);
        }
        disk.failWith(SimulatedDisk.Fault.NONE);
        assertHolds(Entry.put("a", "1"));
        assertThat(events.told).doesNotContain("tornTail", "failed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"open", "write", "force", "rename", "sync"})
    void whenALogCannotBeCreatedThenItIsSaidAndTheNextTrySucceeds(String operation) {
        disk.failWith(failing(operation));
        assertThatThrownBy(this::open)
                .isInstanceOf(DataDirectoryException.class)
                .hasMessageContaining(FILE.toString())
                .hasMessageContaining("Input/output error");
        disk.failWith(SimulatedDisk.Fault.NONE);
        try (Wal wal = open()) {
            assertThat(Group.append(wal, contents, Entry.put("a", "1"))).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"open", "write", "sync", "read"})
    void whenATornTailCannotBeKeptThenTheFileIsNotCut(String operation) {
        byte[] sample = SampleLog.plain(9).bytes();
        byte[] torn = java.util.Arrays.copyOf(sample, sample.length - 3);
        disk.put(FILE, torn);
        disk.failWith(
                (asked, file, bytes) -> {
                    boolean copying = !file.equals(FILE) || operation.equals("read");
                    if (asked.equals(operation) && copying) {
                        throw new IOException("Input/output error");
                    }
                    return bytes;
                });
        assertThatThrownBy(this::open).isInstanceOf(DataDirectoryException.class);
        assertThat(disk.content(FILE)).isEqualTo(torn);
    }

    @Test
    void whenALogCannotBeRenamedThenItGoesOnWhereItIs() {
        Path target = FILE.resolveSibling("other.log");
        try (Wal wal = open()) {
            disk.failWith(failing("rename"));
            assertThatThrownBy(() -> wal.moveTo(target)).isInstanceOf(LogRefusedException.class);
            disk.failWith(SimulatedDisk.Fault.NONE);
            assertThat(wal.file()).isEqualTo(FILE);
            Group.append(wal, contents, Entry.put("a", "1"));
            wal.moveTo(target);
            assertThat(wal.file()).isEqualTo(target);
            assertThat(disk.files()).containsExactly(target);
            Group.append(wal, contents, Entry.put("b", "2"));
            disk.failWith(failing("sync"));
            assertThatThrownBy(() -> wal.moveTo(FILE)).isInstanceOf(LogFailedException.class);
            assertFails(wal, Entry.put("c", "3"));
        }
        disk.failWith(SimulatedDisk.Fault.NONE);
        assertHolds(Entry.put("a", "1"), Entry.put("b", "2"));
        assertThat(events.told).containsExactly("failed");
    }

    @Test
    void whenAGroupCannotBeLaidOutThenItIsRefusedAndTheNextOneIsNot() {
        RecordGroup wrong =
                new Group(contents, List.of(Entry.put("a", "1"))) {
                    @Override
                    public void encode(ByteBuffer target) {
                        throw new OutOfMemoryError("not really");
                    }
                };
        RecordGroup longer =
                new Group(contents, List.of(Entry.put("a", "12345"))) {
                    @Override
                    public int encodedSize() {
                        return 3;
                    }
                };
        try (Wal wal = open()) {
            for (RecordGroup group : List.of(wrong, longer)) {
                wal.append(group);
                assertThatThrownBy(((Group) group)::position)
                        .isInstanceOf(LogRefusedException.class);
            }
            assertThat(Group.append(wal, contents, Entry.put("b", "2"))).isEqualTo(1);
        }
        assertHolds(Entry.put("b", "2"));
        assertThat(events.told).isEmpty();
    }

    @Test
    void whenACallbackThrowsThenTheOthersHearThatTheLogHasFailed() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        try (Wal wal = open()) {
            Group first =
                    new Group(contents, List.of(Entry.put("a", "1"))) {
                        @Override
                        public void committed(long position) {
                            entered.countDown();
                            waitFor(leave);
                            throw new IllegalStateException("a bug");
                        }
                    };
            wal.append(first);
            waitFor(entered);
            Group second = new Group(contents, List.of(Entry.put("b", "2")));
            wal.append(second);
            leave.countDown();
            assertThatThrownBy(second::position).isInstanceOf(LogFailedException.class);
            assertFails(wal, Entry.put("c", "3"));
            assertThat(wal.failure()).contains("a bug");
        }
        assertThat(events.told).containsExactly("failed");
    }

    @Test
    void whenACursorCannotReadThenItSaysSoAndTheLogGoesOn() {
        try (Wal wal = open();
                WalCursor cursor = wal.cursorFromStart()) {
            Group.append(wal, contents, Entry.put("a", "1"));
            disk.failWith(failing("read"));
            assertThatThrownBy(() -> cursor.read(1000))
                    .isInstanceOf(LogRefusedException.class)
                    .hasMessageContaining(FILE.toString());
            Group.append(wal, contents, Entry.put("b", "2"));
            disk.failWith(failing("open"));
            assertThatThrownBy(wal::cursorFromStart).isInstanceOf(LogRefusedException.class);
            assertThatThrownBy(() -> wal.cursorAfter(0)).isInstanceOf(LogRefusedException.class);
            disk.failWith(SimulatedDisk.Fault.NONE);
        }
        assertHolds(Entry.put("a", "1"), Entry.put("b", "2"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"open", "write", "force", "sync"})
    void whenACopyCannotBeWrittenThenNoneIsLeft(String operation) {
        Path target = FILE.resolveSibling("copy.log");
        try (Wal wal = open()) {
            Group.append(wal, contents, Entry.put("a", "1"));
            disk.failWith(
                    (asked, file, bytes) -> {
                        if (asked.equals(operation) && !file.equals(FILE)) {
                            throw new IOException("Input/output error");
                        }
                        return bytes;
                    });
            assertThatThrownBy(() -> wal.copyTo(target)).isInstanceOf(LogRefusedException.class);
            assertThat(disk.exists(target)).isFalse();
            disk.failWith(SimulatedDisk.Fault.NONE);
            wal.copyTo(target);
        }
    }

    private static SimulatedDisk.Fault failing(String operation) {
        return (asked, _, bytes) -> {
            if (asked.equals(operation)) {
                throw new IOException("Input/output error");
            }
            return bytes;
        };
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private Wal open() {
        return open(contents);
    }

    private Wal open(Contents sink) {
        return Wal.open(FILE, options, sink);
    }

    private void assertRefused(Wal wal, Entry entry) {
        assertThatThrownBy(() -> Group.append(wal, contents, entry))
                .isInstanceOf(LogRefusedException.class)
                .hasMessageContaining(FILE.toString());
        assertThat(contents.records).doesNotContain(entry);
    }

    private void assertFails(Wal wal, Entry entry) {
        assertThatThrownBy(() -> Group.append(wal, contents, entry))
                .isInstanceOf(LogFailedException.class);
        assertThat(contents.records).doesNotContain(entry);
    }

    private void assertHolds(Entry... entries) {
        Contents found = new Contents();
        open(found).close();
        assertThat(found.records).containsExactly(entries);
        assertThat(contents.records).containsExactly(entries);
    }
}
