package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A log that is cut at every byte. */
class EveryCutTests {

    private static final Path FILE = SampleLog.FILE;

    @Test
    void whenALogIsCutAtAnyByteThenItHoldsTheFramesBeforeTheCutAndContinues() {
        SampleLog sample = SampleLog.plain(1);
        for (int cut = 0; cut < sample.bytes().length; cut++) {
            checkCut(sample, cut);
        }
    }

    @Test
    void whenACompactedLogIsCutBehindItsBaseThenItHoldsTheFramesBeforeTheCutAndContinues() {
        SampleLog sample = SampleLog.compacted(2);
        for (int cut = sample.baseEnd(); cut < sample.bytes().length; cut++) {
            checkCut(sample, cut);
        }
    }

    @Test
    void whenACompactedLogIsCutInItsBaseThenItIsRefusedAndNotTouched() {
        SampleLog sample = SampleLog.compacted(3);
        for (int cut = FrameCodec.FILE_HEADER_SIZE; cut < sample.baseEnd(); cut++) {
            byte[] bytes = Arrays.copyOf(sample.bytes(), cut);
            SimulatedDisk disk = new SimulatedDisk();
            disk.put(FILE, bytes);
            assertThatThrownBy(() -> open(disk, new Contents()))
                    .as("cut at %d", cut)
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining(FILE.toString());
            assertThat(disk.content(FILE)).isEqualTo(bytes);
            assertThat(disk.files()).containsExactly(FILE);
        }
    }

    private static void checkCut(SampleLog sample, int cut) {
        SimulatedDisk disk = new SimulatedDisk();
        disk.put(FILE, Arrays.copyOf(sample.bytes(), cut));
        List<SampleLog.Frame> whole = sample.framesWithin(cut);
        List<Entry> expected = SampleLog.records(whole);
        int end = whole.isEmpty() ? sample.start() : whole.getLast().end();
        if (cut < FrameCodec.FILE_HEADER_SIZE) {
            end = 0;
        }
        long last = whole.isEmpty() ? 0 : whole.getLast().lastPosition();
        Contents contents = new Contents();
        Entry next = Entry.put("next", "value");
        try (Wal wal = open(disk, contents)) {
            assertThat(contents.records).as("cut at %d", cut).isEqualTo(expected);
            assertThat(wal.position()).as("cut at %d", cut).isEqualTo(last);
            assertThat(wal.wasTorn()).as("cut at %d", cut).isEqualTo(cut > end || cut == 0);
            if (cut > end) {
                assertThat(disk.content(Path.of(FILE + ".torn-" + end)))
                        .as("cut at %d", cut)
                        .isEqualTo(Arrays.copyOfRange(sample.bytes(), end, cut));
            }
            assertThat(Group.append(wal, contents, next)).isEqualTo(last + 1);
        }
        Contents again = new Contents();
        try (Wal wal = open(disk, again)) {
            assertThat(again.records).as("cut at %d", cut).isEqualTo(contents.records);
            assertThat(wal.position()).isEqualTo(last + 1);
            assertThat(wal.wasTorn()).isFalse();
        }
    }

    private static Wal open(SimulatedDisk disk, Contents contents) {
        return Wal.open(FILE, WalOptions.DEFAULTS.withFiles(disk), contents);
    }
}
