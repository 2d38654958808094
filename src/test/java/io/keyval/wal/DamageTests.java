package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** What tells a torn tail from corruption, in the cases that need a second look. */
class DamageTests {

    private static final Path FILE = SampleLog.FILE;

    @Test
    void whenBytesAreMissingInsideAFrameThenTheFramesBehindItStillVouchForIt() {
        SampleLog sample = withBigValue(3 << 20, 4);
        SampleLog.Frame big = bigFrame(sample);
        byte[] bytes = without(sample.bytes(), big.start() + (1 << 20), 1 << 20);
        assertRefused(bytes, big.start());
    }

    @Test
    void whenAllButTheHeaderOfAFrameIsMissingThenTheFramesBehindItStillVouchForIt() {
        SampleLog sample = withBigValue(100, 1);
        SampleLog.Frame big = bigFrame(sample);
        byte[] bytes =
                without(
                        sample.bytes(),
                        big.start() + FrameCodec.FRAME_HEADER_SIZE,
                        big.header().bodyLength());
        assertRefused(bytes, big.start());
    }

    @Test
    void whenBytesAreMissingInsideTheLastFrameThenItIsATornTail() {
        SampleLog sample = withBigValue(3 << 20, 0);
        SampleLog.Frame big = bigFrame(sample);
        byte[] bytes = without(sample.bytes(), big.start() + (1 << 20), 1 << 20);
        assertCutAt(bytes, big.start());
    }

    @Test
    void whenAWholeFrameIsMissingThenTheLogIsRefused() {
        SampleLog sample = SampleLog.plain(4);
        for (int i = 0; i < sample.frames().size() - 1; i++) {
            SampleLog.Frame frame = sample.frames().get(i);
            if (frame.header().count() > 0) {
                int length = (int) frame.header().size();
                assertRefused(without(sample.bytes(), frame.start(), length), frame.start());
            }
        }
    }

    @Test
    void whenFramesThatTheLogHasComeBackBehindItsEndThenTheyAreCutOff() {
        SampleLog sample = SampleLog.sealed(5);
        for (SampleLog.Frame frame : sample.frames()) {
            if (frame.header().firstPosition() > sample.frames().getLast().lastPosition()) {
                continue; // The seal does not belong to the past.
            }
            for (int gap : new int[] {0, 1, 100}) {
                byte[] bytes =
                        concat(
                                sample.bytes(),
                                new byte[gap],
                                Arrays.copyOfRange(sample.bytes(), frame.start(), frame.end()));
                assertCutAt(bytes, sample.bytes().length);
            }
        }
    }

    @Test
    void whenTheTornValueHoldsTheLogItselfThenItIsATornTail() {
        byte[] itself = withBigValue(100, 3).bytes();
        SimulatedDisk disk = new SimulatedDisk();
        disk.put(FILE, itself);
        Contents contents = new Contents();
        long end;
        byte[] bytes;
        try (Wal wal = open(disk, contents)) {
            end = wal.size();
            Group.append(wal, contents, new Entry("copy".getBytes(), itself));
            bytes = disk.kill().content(FILE);
        }
        for (int lost = 1; lost < 300; lost += 7) {
            assertCutAt(Arrays.copyOf(bytes, bytes.length - lost), (int) end);
        }
        bytes[(int) end + 60] ^= 1;
        assertCutAt(bytes, (int) end);
    }

    @Test
    void whenATornTailLooksLikeFramesEverywhereThenItIsSearchedInBoundedTime() {
        byte[] sample = SampleLog.plain(6).bytes();
        byte[] magic = new byte[16 << 20];
        for (int i = 0; i < magic.length; i++) {
            magic[i] = (byte) (FrameCodec.FRAME_MAGIC >>> 24 - 8 * (i % 4));
        }
        Instant begun = Instant.now();
        assertCutAt(concat(sample, magic), sample.length);
        assertThat(Duration.between(begun, Instant.now())).isLessThan(Duration.ofSeconds(20));
    }

    @Test
    void whenThePowerGoesWhileATornTailIsCutThenTheTailIsInTheFileOrInItsCopy() {
        byte[] sample = SampleLog.plain(7).bytes();
        byte[] torn = Arrays.copyOf(sample, sample.length - 3);
        for (int seed = 0; seed < 400; seed++) {
            SimulatedDisk disk = new SimulatedDisk();
            disk.put(FILE, torn);
            Random random = new Random(seed);
            AtomicReference<SimulatedDisk> after = new AtomicReference<>(disk);
            AtomicInteger left = new AtomicInteger(random.nextInt(25));
            disk.failWith(
                    (operation, file, bytes) -> {
                        if (left.getAndDecrement() == 0) {
                            after.set(disk.powerCut(random));
                        }
                        return bytes;
                    });
            try {
                open(disk, new Contents()).close();
            } catch (DataDirectoryException e) {
                assertThat(after.get()).isNotSameAs(disk);
            }
            disk.failWith(SimulatedDisk.Fault.NONE);
            byte[] kept = after.get().content(FILE);
            if (kept.length < torn.length) {
                assertTailIsKept(after.get(), torn, seed);
            }
            open(after.get(), new Contents()).close();
        }
    }

    private static void assertTailIsKept(SimulatedDisk disk, byte[] torn, int seed) {
        assertThat(disk.files())
                .as("seed %d", seed)
                .anySatisfy(
                        copy -> {
                            String name = copy.getFileName().toString();
                            assertThat(name).contains(".torn-");
                            int offset = Integer.parseInt(name.replaceAll(".*torn-(\\d+).*", "$1"));
                            assertThat(disk.content(copy))
                                    .isEqualTo(Arrays.copyOfRange(torn, offset, torn.length));
                        });
    }

    /** A record with a big value, with groups before and behind it, ended without a seal. */
    private static SampleLog withBigValue(int size, int behind) {
        SimulatedDisk disk = new SimulatedDisk();
        Contents contents = new Contents();
        byte[] value = new byte[size];
        new Random(size).nextBytes(value);
        try (Wal wal = open(disk, contents)) {
            wal.startEpoch();
            Group.append(wal, contents, Entry.put("before", "a"));
            Group.append(wal, contents, new Entry("big".getBytes(), value));
            for (int i = 0; i < behind; i++) {
                Group.append(wal, contents, Entry.put("behind", "b" + i));
            }
            return SampleLog.read(disk.kill().content(FILE));
        }
    }

    private static SampleLog.Frame bigFrame(SampleLog sample) {
        return sample.frames().stream()
                .filter(
                        frame ->
                                frame.records().stream()
                                        .anyMatch(
                                                entry ->
                                                        Arrays.equals(
                                                                entry.key(), "big".getBytes())))
                .findFirst()
                .orElseThrow();
    }

    private static void assertRefused(byte[] bytes, int offset) {
        SimulatedDisk disk = new SimulatedDisk();
        disk.put(FILE, bytes);
        assertThatThrownBy(() -> open(disk, new Contents()))
                .isInstanceOfSatisfying(
                        CorruptLogException.class, e -> assertThat(e.offset()).isEqualTo(offset));
        assertThat(Arrays.equals(disk.content(FILE), bytes)).isTrue();
        assertThat(disk.files()).containsExactly(FILE);
    }

    private static void assertCutAt(byte[] bytes, int offset) {
        SimulatedDisk disk = new SimulatedDisk();
        disk.put(FILE, bytes);
        Contents contents = new Contents();
        List<Entry> expected =
                SampleLog.records(SampleLog.read(Arrays.copyOf(bytes, offset)).frames());
        try (Wal wal = open(disk, contents)) {
            assertThat(wal.size()).isEqualTo(offset);
            assertThat(contents.records).isEqualTo(expected);
        }
        Path copy = FILE.resolveSibling(FILE.getFileName() + ".torn-" + offset);
        assertThat(disk.files()).containsExactlyInAnyOrder(FILE, copy);
        assertThat(
                        Arrays.equals(
                                disk.content(copy),
                                Arrays.copyOfRange(bytes, offset, bytes.length)))
                .isTrue();
    }

    private static Wal open(SimulatedDisk disk, Contents contents) {
        return Wal.open(FILE, WalOptions.DEFAULTS.withFiles(disk), contents);
    }

    private static byte[] without(byte[] bytes, int from, int length) {
        return concat(
                Arrays.copyOf(bytes, from), Arrays.copyOfRange(bytes, from + length, bytes.length));
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
