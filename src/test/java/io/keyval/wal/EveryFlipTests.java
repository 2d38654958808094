package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A log of which every byte is changed in turn. */
class EveryFlipTests {

    private static final Path FILE = SampleLog.FILE;
    private static final int[] FLIPS = {0x01, 0x80, 0xff};

    @Test
    void whenAByteOfAKilledLogIsChangedThenItIsRefusedOrOnlyTheLastGroupIsLost() {
        SampleLog sample = SampleLog.plain(4);
        int untouched = everyFlip(sample);
        assertThat(untouched).isEqualTo(sample.frames().getLast().start());
    }

    @Test
    void whenAByteOfASealedLogIsChangedThenItIsRefusedOrNoRecordIsLost() {
        SampleLog sample = SampleLog.sealed(5);
        assertThat(sample.frames().getLast().records()).isEmpty();
        int untouched = everyFlip(sample);
        assertThat(untouched).isEqualTo(sample.frames().getLast().start());
    }

    @Test
    void whenAByteOfACompactedLogIsChangedThenItIsRefusedOrOnlyTheLastGroupIsLost() {
        SampleLog sample = SampleLog.compacted(6);
        int untouched = everyFlip(sample);
        assertThat(untouched).isEqualTo(sample.frames().getLast().start());
    }

    @Test
    void whenAByteOfACompactedAndSealedLogIsChangedThenItIsRefusedOrNoRecordIsLost() {
        SampleLog sample = SampleLog.compactedAndSealed(7);
        assertThat(sample.frames().getLast().records()).isEmpty();
        int untouched = everyFlip(sample);
        assertThat(untouched).isEqualTo(sample.frames().getLast().start());
    }

    /** The lowest offset at which a change did not stop the start. */
    private static int everyFlip(SampleLog sample) {
        int lowest = Integer.MAX_VALUE;
        List<SampleLog.Frame> frames = sample.frames();
        SampleLog.Frame last = frames.getLast();
        List<Entry> allButLast = SampleLog.records(frames.subList(0, frames.size() - 1));
        for (int at = 0; at < sample.bytes().length; at++) {
            for (int flip : FLIPS) {
                byte[] bytes = sample.bytes().clone();
                bytes[at] ^= (byte) flip;
                SimulatedDisk disk = new SimulatedDisk();
                disk.put(FILE, bytes);
                Contents contents = new Contents();
                try (Wal wal = Wal.open(FILE, WalOptions.DEFAULTS.withFiles(disk), contents)) {
                    lowest = Math.min(lowest, at);
                    assertThat(at).as("started").isGreaterThanOrEqualTo(last.start());
                    assertThat(contents.records).as("byte %d", at).isEqualTo(allButLast);
                    assertThat(wal.position()).isEqualTo(last.header().firstPosition() - 1);
                    assertThat(wal.wasTorn()).isTrue();
                    byte[] tail = disk.content(Path.of(FILE + ".torn-" + last.start()));
                    assertThat(tail).hasSize(bytes.length - last.start());
                } catch (CorruptLogException e) {
                    assertThat(at).as("refused: %s", e.getMessage()).isLessThan(last.start());
                    assertThat(e).hasMessageContaining(FILE.toString());
                    assertThat(e.offset()).isBetween(0L, (long) at);
                    assertThat(disk.content(FILE)).as("byte %d", at).isEqualTo(bytes);
                    assertThat(disk.files()).containsExactly(FILE);
                }
            }
        }
        return lowest;
    }
}
