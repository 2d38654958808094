package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What file systems leave behind the last record after a power cut. */
class ZeroTailTests {

    private static final Path FILE = SampleLog.FILE;

    enum Log {
        KILLED {
            @Override
            SampleLog make() {
                return SampleLog.plain(8);
            }
        },
        SEALED {
            @Override
            SampleLog make() {
                return SampleLog.sealed(9);
            }
        },
        COMPACTED {
            @Override
            SampleLog make() {
                return SampleLog.compactedAndSealed(10);
            }
        };

        abstract SampleLog make();
    }

    private record Torn(long offset, long bytes, Path copy) {}

    @ParameterizedTest
    @EnumSource
    void whenZerosFollowTheLastRecordThenTheyAreCutOffAndReported(Log log) {
        SampleLog sample = log.make();
        for (int length : lengths()) {
            check(sample, new byte[length]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whenGarbageFollowsTheLastRecordThenItIsCutOffAndReported(Log log) {
        SampleLog sample = log.make();
        Random random = new Random(11);
        for (int length : lengths()) {
            byte[] tail = new byte[length];
            random.nextBytes(tail);
            check(sample, tail);
        }
    }

    @Test
    void whenTheTailIsTheLogsOwnOldFramesThenTheyAreCutOffAndReported() {
        SampleLog sample = SampleLog.plain(12);
        for (SampleLog.Frame frame : sample.frames().subList(0, sample.frames().size() - 1)) {
            check(sample, Arrays.copyOfRange(sample.bytes(), frame.start(), frame.end()));
        }
    }

    /** All up to some sectors, then in steps. */
    private static List<Integer> lengths() {
        List<Integer> lengths = new ArrayList<>();
        for (int length = 1; length <= 4096; length += length < 200 ? 1 : 97) {
            lengths.add(length);
        }
        lengths.addAll(List.of(511, 512, 513, 4095, 4096));
        return lengths;
    }

    private static void check(SampleLog sample, byte[] tail) {
        int end = sample.bytes().length;
        byte[] bytes = Arrays.copyOf(sample.bytes(), end + tail.length);
        System.arraycopy(tail, 0, bytes, end, tail.length);
        SimulatedDisk disk = new SimulatedDisk();
        disk.put(FILE, bytes);
        List<Torn> told = new ArrayList<>();
        WalEvents events =
                new WalEvents() {
                    @Override
                    public void tornTail(
                            Path file, long offset, long length, String what, Path copy) {
                        told.add(new Torn(offset, length, copy));
                    }
                };
        Contents contents = new Contents();
        List<Entry> expected = SampleLog.records(sample.frames());
        try (Wal wal =
                Wal.open(FILE, WalOptions.DEFAULTS.withFiles(disk).withEvents(events), contents)) {
            assertThat(contents.records).as("%d bytes", tail.length).isEqualTo(expected);
            assertThat(disk.content(FILE)).isEqualTo(sample.bytes());
            Path copy = Path.of(FILE + ".torn-" + end);
            assertThat(told).containsExactly(new Torn(end, tail.length, copy));
            assertThat(disk.content(copy)).isEqualTo(tail);
            long last = wal.position();
            assertThat(Group.append(wal, contents, Entry.put("a", "b"))).isEqualTo(last + 1);
        }
    }
}
