package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Zeros that are written ahead of the frames, and what is made of them behind a crash. */
class ReserveTests {

    private static final Path FILE = SampleLog.FILE;

    private final RecordedEvents events = new RecordedEvents();
    private SimulatedDisk disk = new SimulatedDisk();

    @TempDir Path directory;

    @Test
    void whenTheLogIsOpenThenZerosStandBehindItsFramesAndWhenItClosesNone() {
        Contents contents = new Contents();
        Wal wal = open(contents);
        Group.append(wal, contents, Entry.put("a", "1"));
        byte[] open = disk.content(FILE);
        long end = wal.size();
        assertThat(open.length % Reserve.UNIT).isZero();
        assertThat(Arrays.copyOfRange(open, (int) end, open.length)).containsOnly(0);
        Group.append(wal, contents, Entry.put("b", "2"));
        assertThat(disk.content(FILE)).hasSize(open.length);
        wal.close();
        assertThat(disk.content(FILE).length).isLessThan(1000);
    }

    @Test
    void whenTheProcessIsKilledThenNothingIsLostAndNothingIsReported() {
        killedWith(Entry.put("a", "1"), Entry.put("b", "2"));
        Contents contents = new Contents();
        try (Wal wal = open(contents)) {
            assertThat(contents.records).containsExactly(Entry.put("a", "1"), Entry.put("b", "2"));
            assertThat(wal.wasTorn()).isFalse();
            assertThat(disk.content(FILE)).hasSize((int) wal.size());
            Group.append(wal, contents, Entry.put("c", "3"));
        }
        assertThat(events.told).isEmpty();
        assertThat(disk.files()).containsExactly(FILE);
    }

    @Test
    void whenAFrameInTheReserveIsTornThenWhatIsThereOfItIsKeptWithoutTheZeros() {
        int end = killedWith(Entry.put("a", "1"), Entry.put("b", "2"));
        byte[] bytes = disk.content(FILE);
        Arrays.fill(bytes, end - 3, end, (byte) 0);
        disk.put(FILE, bytes);
        Contents contents = new Contents();
        try (Wal wal = open(contents)) {
            assertThat(contents.records).containsExactly(Entry.put("a", "1"));
            Path copy = Path.of(FILE + ".torn-" + wal.size());
            assertThat(disk.content(copy))
                    .isEqualTo(Arrays.copyOfRange(bytes, (int) wal.size(), end - 3));
        }
        assertThat(events.told).hasSize(1);
    }

    @Test
    void whenAnAcknowledgedFrameIsZeroThenTheLogIsCorrupt() {
        int first = killedWith(Entry.put("a", "1"));
        disk = disk.kill();
        Contents contents = new Contents();
        Wal wal = open(contents);
        Group.append(wal, contents, Entry.put("b", "2"));
        int second = (int) wal.size();
        Group.append(wal, contents, Entry.put("c", "3"));
        byte[] bytes = disk.content(FILE);
        disk = disk.kill();
        Arrays.fill(bytes, first, second, (byte) 0);
        disk.put(FILE, bytes);
        assertThatThrownBy(() -> open(new Contents())).isInstanceOf(CorruptLogException.class);
        assertThat(disk.content(FILE)).isEqualTo(bytes);
    }

    @Test
    void whenThereAreMoreZerosThanAReserveHasThenTheyAreReported() {
        int end = killedWith(Entry.put("a", "1"));
        disk.put(FILE, Arrays.copyOf(disk.content(FILE), 4 * Reserve.UNIT));
        open(new Contents()).close();
        assertThat(events.told).hasSize(1);
        assertThat(disk.content(Path.of(FILE + ".torn-" + end))).hasSize(4 * Reserve.UNIT - end);
    }

    @Test
    void whenThereIsNoRoomForAReserveThenWritesGoOnWithout() {
        Contents contents = new Contents();
        Wal wal = open(contents);
        disk.failWith(
                (operation, file, bytes) -> {
                    if (operation.equals("write") && bytes > 1000) {
                        throw new IOException("No space left on device");
                    }
                    return bytes;
                });
        for (int i = 0; i < 3; i++) {
            Group.append(wal, contents, Entry.put("a", "1"));
            assertThat(disk.content(FILE)).hasSize((int) wal.size());
        }
        assertThat(wal.stall()).isNull();
        disk.failWith(SimulatedDisk.Fault.NONE);
        Group.append(wal, contents, Entry.put("a", "1"));
        assertThat(disk.content(FILE).length % Reserve.UNIT).isZero();
        wal.close();
        assertThat(events.told).isEmpty();
    }

    @Test
    void whenFramesAreLargeOrNotForcedThenNothingIsReserved() {
        Contents contents = new Contents();
        try (Wal wal = open(contents)) {
            Group.append(wal, contents, Entry.put("a", "v".repeat(Reserve.UNIT / 10)));
            assertThat(disk.content(FILE)).hasSize((int) wal.size());
        }
        WalOptions lazy = options().withFsync(FsyncPolicy.NEVER);
        try (Wal wal = Wal.open(FILE, lazy, contents)) {
            Group.append(wal, contents, Entry.put("a", "1"));
            assertThat(disk.content(FILE)).hasSize((int) wal.size());
        }
    }

    @Test
    void whenALogWithAReserveIsCompactedThenTheNewOneHasItsOwn() {
        Contents contents = new Contents();
        Wal wal = open(contents);
        for (int i = 0; i < 10; i++) {
            Group.append(wal, contents, Entry.put("a", "value " + i));
        }
        wal.compact(contents, 0);
        assertThat(disk.content(FILE)).hasSize((int) wal.size());
        Group.append(wal, contents, Entry.put("b", "2"));
        assertThat(disk.content(FILE).length % Reserve.UNIT).isZero();
        disk = disk.kill();
        Contents again = new Contents();
        open(again).close();
        assertThat(again.state()).isEqualTo(contents.state());
        assertThat(events.told).containsExactly("compacted");
    }

    @Test
    void whenAToolReadsALogWithAReserveThenItIsGood() throws Exception {
        int end = killedWith(Entry.put("a", "1"), Entry.put("b", "2"));
        Path file = Files.write(directory.resolve("leader.log"), disk.content(FILE));
        LogReport report = LogInspector.verify(file, LogInspector.Visitor.NONE);
        assertThat(report.verdict()).isEqualTo(LogReport.Verdict.GOOD);
        assertThat(report.end()).isEqualTo(end);
    }

    /** Leaves the log of a process that was killed; where its frames end. */
    private int killedWith(Entry... entries) {
        Contents contents = new Contents();
        Wal wal = open(contents);
        for (Entry entry : List.of(entries)) {
            Group.append(wal, contents, entry);
        }
        int end = (int) wal.size();
        disk = disk.kill();
        return end;
    }

    private WalOptions options() {
        return WalOptions.DEFAULTS.withFiles(disk).withEvents(events).withReserve();
    }

    private Wal open(Contents contents) {
        return Wal.open(FILE, options(), contents);
    }
}
