package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A log that comes in pieces of whole frames. */
class LogIntakeTests {

    private static final Path FILE = Path.of(SampleLog.FILE + Wal.SYNC_SUFFIX);

    private final SimulatedDisk disk = new SimulatedDisk();
    private final Contents contents = new Contents();
    private final AtomicInteger replayed = new AtomicInteger();

    @Test
    void whenAWholeLogHasComeThenItIsReplayedOnDiskAndContinues() throws Exception {
        for (SampleLog sample : samples()) {
            for (int most : new int[] {1, 200, 1 << 20}) {
                Contents taken = new Contents();
                LogIntake intake = begin(taken);
                List<ByteBuffer> pieces = pieces(sample, sample.bytes(), most);
                replayed.set(0);
                for (ByteBuffer piece : pieces) {
                    intake.add(piece, replayed::incrementAndGet);
                }
                assertThat(intake.written()).isEqualTo(sample.bytes().length);
                try (Wal wal = intake.finish()) {
                    assertThat(replayed).hasValue(pieces.size());
                    SimulatedDisk left = new SimulatedDisk();
                    left.put(FILE, disk.content(FILE));
                    assertSameAsOpened(wal, taken, left);
                    Group.append(wal, taken, Entry.put("next", "value"));
                }
                Contents again = new Contents();
                try (Wal wal = Wal.open(FILE, WalOptions.DEFAULTS.withFiles(disk), again)) {
                    assertThat(wal.wasTorn()).isFalse();
                    assertThat(again.state()).isEqualTo(taken.state());
                }
            }
        }
    }

    @Test
    void whenThePowerGoesBehindTheEndThenAllOfItIsThere() throws Exception {
        SampleLog sample = SampleLog.compacted(3);
        LogIntake intake = begin(contents);
        for (ByteBuffer piece : pieces(sample, sample.bytes(), 1)) {
            intake.add(piece, () -> {});
        }
        intake.finish();
        assertThat(disk.powerCut(new Random(1)).content(FILE)).isEqualTo(sample.bytes());
    }

    private static void assertSameAsOpened(Wal wal, Contents taken, SimulatedDisk left) {
        Contents opened = new Contents();
        try (Wal other = Wal.open(FILE, WalOptions.DEFAULTS.withFiles(left), opened)) {
            assertThat(taken.records).isEqualTo(opened.records);
            assertThat(wal.id()).isEqualTo(other.id());
            assertThat(wal.position()).isEqualTo(other.position());
            assertThat(wal.basePosition()).isEqualTo(other.basePosition());
            assertThat(wal.epoch()).isEqualTo(other.epoch());
            assertThat(wal.history()).isEqualTo(other.history());
            assertThat(wal.size()).isEqualTo(other.size());
            for (long position = 0; position <= other.position(); position++) {
                try (WalCursor one = wal.cursorAfter(position);
                        WalCursor second = other.cursorAfter(position)) {
                    assertThat(one == null).isEqualTo(second == null);
                    if (one != null && second != null) {
                        assertThat(one.read(1 << 20)).isEqualTo(second.read(1 << 20));
                    }
                }
            }
        }
    }

    @Test
    void whenAnyByteIsChangedThenItIsRefusedAndNothingIsLeft() throws Exception {
        for (SampleLog sample : samples()) {
            for (int at = 0; at < sample.bytes().length; at += 5) {
                byte[] changed = sample.bytes().clone();
                changed[at] ^= 0x10;
                assertRefused(pieces(sample, changed, 300), "byte " + at);
            }
        }
    }

    @Test
    void whenAFrameIsMissingOrComesTwiceThenItIsRefused() throws Exception {
        for (SampleLog sample : samples()) {
            List<ByteBuffer> pieces = pieces(sample, sample.bytes(), 1);
            for (int i = 1; i < pieces.size() - 1; i++) {
                if (sample.frames().get(i - 1).header().count() == 0
                        || sample.frames().get(i - 1).header().type() == FrameCodec.BASE) {
                    continue;
                }
                List<ByteBuffer> fewer = new ArrayList<>(pieces);
                fewer.remove(i);
                assertRefused(fewer, "without frame " + i);
                List<ByteBuffer> more = new ArrayList<>(pieces);
                more.add(i, pieces.get(i));
                assertRefused(more, "twice frame " + i);
            }
        }
    }

    @Test
    void whenItEndsInsideAFrameOrTheBaseThenItIsRefused() throws Exception {
        SampleLog sample = SampleLog.compacted(2);
        int length = sample.bytes().length;
        byte[] cut = Arrays.copyOf(sample.bytes(), length - 1);
        assertRefused(pieces(sample, cut, 1 << 20), "cut in the last frame");
        int base = sample.frames().getFirst().end();
        assertRefused(List.of(ByteBuffer.wrap(sample.bytes(), 0, base)), "no history");
        assertRefused(List.of(), "nothing");
    }

    private void assertRefused(List<ByteBuffer> pieces, String what) throws IOException {
        LogIntake intake = begin(contents);
        assertThatThrownBy(
                        () -> {
                            for (ByteBuffer piece : pieces) {
                                intake.add(piece, () -> {});
                            }
                            intake.finish();
                        })
                .as(what)
                .isInstanceOf(CorruptLogException.class);
        intake.discard();
        assertThat(disk.files()).isEmpty();
    }

    @Test
    void whenTheDiskFailsThenTheIntakeSaysSo() throws Exception {
        SampleLog sample = SampleLog.plain(1);
        for (String broken : List.of("write", "force")) {
            LogIntake intake = begin(contents);
            disk.failWith(
                    (operation, file, length) -> {
                        if (operation.equals(broken)) {
                            throw new IOException("no " + broken);
                        }
                        return length;
                    });
            assertThatThrownBy(
                            () -> {
                                for (ByteBuffer piece : pieces(sample, sample.bytes(), 1)) {
                                    intake.add(piece, () -> {});
                                }
                                intake.finish();
                            })
                    .isInstanceOf(IOException.class)
                    .hasMessage("no " + broken);
            intake.discard();
            disk.failWith(SimulatedDisk.Fault.NONE);
        }
    }

    @Test
    void whenARecordCannotBeTakenThenTheIntakeSaysSo() throws Exception {
        SampleLog sample = SampleLog.plain(1);
        RecordSink stuck =
                new RecordSink() {
                    @Override
                    public void put(byte[] key, byte[] value) {
                        throw new IllegalStateException("no room");
                    }

                    @Override
                    public void delete(byte[] key) {}
                };
        LogIntake intake = LogIntake.begin(FILE, WalOptions.DEFAULTS.withFiles(disk), stuck, 1000);
        assertThatThrownBy(
                        () -> {
                            for (ByteBuffer piece : pieces(sample, sample.bytes(), 1)) {
                                intake.add(piece, () -> {});
                            }
                            intake.finish();
                        })
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no room");
        intake.discard();
        assertThat(disk.files()).isEmpty();
    }

    private LogIntake begin(RecordSink sink) throws IOException {
        return LogIntake.begin(FILE, WalOptions.DEFAULTS.withFiles(disk), sink, 1000);
    }

    private static List<SampleLog> samples() {
        return List.of(SampleLog.plain(1), SampleLog.sealed(2), SampleLog.compacted(3));
    }

    /** The header, then whole frames, more than one where they are no longer than {@code most}. */
    private static List<ByteBuffer> pieces(SampleLog sample, byte[] bytes, int most) {
        List<ByteBuffer> pieces = new ArrayList<>();
        int from = 0;
        int to = FrameCodec.FILE_HEADER_SIZE;
        for (SampleLog.Frame frame : sample.frames()) {
            if (from == 0 || frame.end() - from > most) {
                pieces.add(piece(bytes, from, to));
                from = to;
            }
            to = frame.end();
        }
        pieces.add(piece(bytes, from, to));
        return pieces;
    }

    private static ByteBuffer piece(byte[] bytes, int from, int to) {
        return ByteBuffer.wrap(Arrays.copyOfRange(bytes, from, Math.min(to, bytes.length)));
    }
}
