package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Frames of a leader's log, appended to a follower's copy of it. */
class FollowerFramesTests {

    private static final Path LEADER = Path.of("/leader/leader.log");
    private static final Path FOLLOWER = Path.of("/follower/follower_2.log");

    private final SimulatedDisk disk = new SimulatedDisk();
    private final WalOptions options = WalOptions.DEFAULTS.withFiles(disk);
    private final Contents written = new Contents();
    private final Contents copied = new Contents();

    @Test
    void whenFramesComeInPiecesOfAnySizeThenTheCopyHoldsTheSame() {
        for (long seed = 0; seed < 40; seed++) {
            try {
                new FollowerFramesTests().copyInPieces(new Random(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private void copyInPieces(Random random) {
        try (Wal leader = Wal.open(LEADER, options, written)) {
            leader.startEpoch();
            copyHeader(leader);
            for (int life = 0; life < 3; life++) {
                Contents replayed = new Contents();
                FsyncPolicy policy =
                        List.of(
                                        FsyncPolicy.ALWAYS,
                                        FsyncPolicy.NEVER,
                                        FsyncPolicy.every(Duration.ofMillis(1)))
                                .get(random.nextInt(3));
                try (Wal follower = Wal.open(FOLLOWER, options.withFsync(policy), replayed)) {
                    assertThat(replayed.records).isEqualTo(copied.records);
                    for (int round = 0; round < 4; round++) {
                        write(leader, random);
                        pull(leader, follower, random);
                        assertSame(leader, follower);
                    }
                }
            }
            Contents found = new Contents();
            try (Wal follower = Wal.open(FOLLOWER, options, found)) {
                assertThat(follower.wasTorn()).isFalse();
                assertThat(found.records).isEqualTo(written.records);
                assertSame(leader, follower);
            }
        }
        assertThat(frames(disk.content(FOLLOWER)))
                .containsExactlyElementsOf(frames(disk.content(LEADER)));
    }

    private void write(Wal leader, Random random) {
        for (int i = random.nextInt(8); i > 0; i--) {
            if (random.nextInt(5) == 0) {
                leader.startEpoch();
            }
            Group.append(leader, written, Entry.random(random), Entry.random(random));
        }
    }

    /** Sends what the follower misses, several pieces at once, and waits for all of them. */
    private void pull(Wal leader, Wal follower, Random random) {
        List<Copy> sent = new ArrayList<>();
        long last = follower.position();
        try (WalCursor cursor = leader.cursorAfter(follower.position())) {
            ByteBuffer frames;
            while ((frames = cursor.read(1 + random.nextInt(600))) != null) {
                sent.add(copy(follower, frames));
            }
        }
        for (Copy copy : sent) {
            long position = copy.position();
            assertThat(position).isGreaterThanOrEqualTo(last);
            last = position;
        }
        assertThat(copied.records).isEqualTo(written.records);
    }

    private static void assertSame(Wal leader, Wal follower) {
        assertThat(follower.id()).isEqualTo(leader.id());
        assertThat(follower.position()).isEqualTo(leader.position());
        assertThat(follower.epoch()).isEqualTo(leader.epoch());
        assertThat(follower.history()).isEqualTo(leader.history());
    }

    /** What frames say, but for the bytes that were not known durable; seals are left out. */
    private static List<String> frames(byte[] bytes) {
        List<String> frames = new ArrayList<>();
        long epoch = 0;
        for (SampleLog.Frame frame : SampleLog.read(bytes).frames()) {
            FrameHeader header = frame.header();
            if (header.count() > 0 || header.epoch() > epoch) {
                frames.add(header.firstPosition() + " " + header.epoch() + " " + frame.records());
            }
            epoch = header.epoch();
        }
        return frames;
    }

    @Test
    void whenFramesAreNotForcedYetThenEachSaysSoOfThoseBeforeIt() {
        try (Wal leader = Wal.open(LEADER, options, written)) {
            leader.startEpoch();
            for (int i = 0; i < 5; i++) {
                Group.append(leader, written, Entry.put("k" + i, "v"));
            }
            copyHeader(leader);
            WalOptions never = options.withFsync(FsyncPolicy.NEVER);
            try (Wal follower = Wal.open(FOLLOWER, never, copied);
                    WalCursor cursor = leader.cursorAfter(0)) {
                copy(follower, cursor.read(1)).position();
                copy(follower, cursor.read(1 << 20)).position();
                long durable = FrameCodec.FILE_HEADER_SIZE;
                for (SampleLog.Frame frame : SampleLog.read(disk.content(FOLLOWER)).frames()) {
                    assertThat(frame.start() - frame.header().unforced()).isEqualTo(durable);
                }
            }
        }
    }

    @Test
    void whenFramesOfOneWriteAreTornThenTheWholeOnesBeforeAreKept() {
        try (Wal leader = Wal.open(LEADER, options, written)) {
            leader.startEpoch();
            for (int i = 0; i < 5; i++) {
                Group.append(leader, written, Entry.put("k" + i, "v" + i));
            }
            copyHeader(leader);
            byte[] bytes;
            try (Wal follower = Wal.open(FOLLOWER, options, copied);
                    WalCursor cursor = leader.cursorAfter(0)) {
                copy(follower, cursor.read(1 << 20)).position();
                bytes = disk.content(FOLLOWER);
            }
            for (SampleLog.Frame frame : SampleLog.read(bytes).frames()) {
                byte[] torn = bytes.clone();
                torn[frame.start() + 5] ^= 1;
                SimulatedDisk broken = new SimulatedDisk();
                broken.put(FOLLOWER, torn);
                Contents found = new Contents();
                Wal.open(FOLLOWER, options.withFiles(broken), found).close();
                assertThat(found.records)
                        .hasSize((int) Math.max(0, frame.header().firstPosition() - 1))
                        .isEqualTo(written.records.subList(0, found.records.size()));
            }
        }
    }

    @Test
    void whenFramesDoNotContinueTheLogThenTheyAreRefusedAndTheLogGoesOn() {
        try (Wal leader = Wal.open(LEADER, options, written)) {
            leader.startEpoch();
            List<ByteBuffer> frames = new ArrayList<>();
            try (WalCursor cursor = leader.cursorAfter(0)) {
                for (int i = 0; i < 4; i++) {
                    Group.append(leader, written, Entry.put("k" + i, "v" + i));
                }
                ByteBuffer next;
                while ((next = cursor.read(1)) != null) {
                    frames.add(next);
                }
            }
            assertThat(frames).hasSize(5);
            copyHeader(leader);
            try (Wal follower = Wal.open(FOLLOWER, options, copied)) {
                assertRefused(follower, joined(frames.get(0), frames.get(2)), "position 2");
                assertThat(follower.position()).isZero();
                assertThat(follower.epoch()).isZero();
                assertThat(follower.history()).isEmpty();

                copy(follower, joined(frames.get(0), frames.get(1))).position();
                assertThat(follower.position()).isEqualTo(1);
                byte[] before = disk.content(FOLLOWER);
                assertRefused(follower, frames.get(1), "position 1");
                assertRefused(follower, frames.get(3), "position 3");
                assertRefused(follower, joined(frames.get(2), frames.get(2)), "position 2");
                assertRefused(follower, cut(frames.get(2)), "no whole frame");
                assertRefused(follower, flipped(frames.get(2), 4), "no whole frame");
                assertRefused(follower, flipped(frames.get(2), 50), "checksum");
                assertThat(disk.content(FOLLOWER)).isEqualTo(before);

                // The marks of an epoch that is known come again when a link is made anew.
                assertThat(copy(follower, frames.get(0)).position()).isEqualTo(1);
                assertThat(copy(follower, joined(frames.get(0), frames.get(2))).position())
                        .isEqualTo(2);
                copy(follower, joined(frames.get(3), frames.get(4))).position();
                assertThat(copied.records).isEqualTo(written.records);
                assertThat(follower.failure()).isNull();
                assertThat(follower.stall()).isNull();
                assertSame(leader, follower);
            }
        }
    }

    @Test
    void whenAGroupComesBehindALeadersFramesThenItIsRefusedUntilTheNextEpoch() {
        try (Wal leader = Wal.open(LEADER, options, written)) {
            leader.startEpoch();
            Group.append(leader, written, Entry.put("a", "1"));
            copyHeader(leader);
            try (Wal follower = Wal.open(FOLLOWER, options, copied);
                    WalCursor cursor = leader.cursorAfter(0)) {
                copy(follower, cursor.read(1 << 20)).position();
                assertThatThrownBy(() -> Group.append(follower, copied, Entry.put("late", "1")))
                        .isInstanceOf(LogRefusedException.class);
                assertThat(follower.position()).isEqualTo(1);
                follower.startEpoch();
                assertThat(Group.append(follower, copied, Entry.put("own", "1"))).isEqualTo(2);
            }
        }
    }

    @Test
    void whenFramesAreOfAnotherLogThenTheyAreRefused() {
        try (Wal leader = Wal.open(LEADER, options, written);
                Wal other = Wal.open(FOLLOWER, options, copied)) {
            leader.startEpoch();
            try (WalCursor cursor = leader.cursorAfter(0)) {
                assertRefused(other, cursor.read(1000), "no whole frame of this log");
            }
        }
    }

    @Test
    void whenTheFramesOfABaseComeInTheMiddleThenTheyAreRefused() {
        try (Wal leader = Wal.open(LEADER, options, written)) {
            leader.startEpoch();
            copyHeader(leader);
            Group.append(leader, written, Entry.put("a", "1"));
            leader.compact(written, 0);
            try (Wal follower = Wal.open(FOLLOWER, options, copied);
                    WalCursor cursor = leader.cursorFromStart()) {
                cursor.read(1);
                assertRefused(follower, cursor.read(1), "type 2");
                ByteBuffer history = cursor.read(1);
                assertRefused(follower, history, "type 3");
                follower.startEpoch();
                follower.startEpoch();
                assertRefused(follower, history, "type 3");
            }
        }
    }

    @Test
    void whenALeaderHasSeveralEpochsThenAnOlderOneIsRefusedBehindANewerOne() {
        try (Wal leader = Wal.open(LEADER, options, written)) {
            copyHeader(leader);
            leader.startEpoch();
            Group.append(leader, written, Entry.put("old", "1"));
            try (Wal follower = Wal.open(FOLLOWER, options, copied);
                    WalCursor cursor = leader.cursorAfter(0)) {
                follower.startEpoch();
                follower.startEpoch();
                cursor.read(1);
                assertRefused(follower, cursor.read(1), "epoch");
            }
        }
    }

    @Test
    void whenAFullCopyOfALeaderIsOpenedThenItContinuesTheLeadersLog() {
        try (Wal leader = Wal.open(LEADER, options, written)) {
            leader.startEpoch();
            for (int i = 0; i < 10; i++) {
                Group.append(leader, written, Entry.put("k" + i % 3, "v" + i));
            }
            leader.compact(written, 0);
            leader.startEpoch();
            Group.append(leader, written, Entry.put("tail", "1"));
            SimulatedDisk other = new SimulatedDisk();
            try (WalCursor cursor = leader.cursorFromStart()) {
                java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
                ByteBuffer bytes;
                while ((bytes = cursor.read(100)) != null) {
                    all.write(bytes.array(), bytes.position(), bytes.remaining());
                }
                other.put(FOLLOWER, all.toByteArray());
                Contents found = new Contents();
                try (Wal follower = Wal.open(FOLLOWER, options.withFiles(other), found)) {
                    assertSame(leader, follower);
                    assertThat(follower.basePosition()).isEqualTo(10);
                    assertThat(found.state()).isEqualTo(written.state());
                    Group.append(leader, written, Entry.put("next", "1"));
                    copy(follower, cursor.read(100)).position();
                    assertSame(leader, follower);
                }
            }
        }
    }

    /** The answer to frames that were handed in. */
    private static final class Copy implements Outcome {

        private final CompletableFuture<Long> outcome = new CompletableFuture<>();

        long position() {
            return Wal.await(outcome.orTimeout(20, TimeUnit.SECONDS));
        }

        @Override
        public void committed(long position) {
            assertThat(outcome.complete(position)).isTrue();
        }

        @Override
        public void refused(WalException cause) {
            assertThat(outcome.completeExceptionally(cause)).isTrue();
        }
    }

    private Copy copy(Wal follower, ByteBuffer frames) {
        Copy copy = new Copy();
        follower.appendFrames(frames.duplicate(), copied, copy);
        return copy;
    }

    private void assertRefused(Wal follower, ByteBuffer frames, String why) {
        int before = copied.records.size();
        Copy copy = copy(follower, frames);
        assertThatThrownBy(copy::position)
                .isInstanceOf(LogRefusedException.class)
                .hasMessageContaining(why)
                .hasMessageContaining(FOLLOWER.toString());
        assertThat(copied.records).hasSize(before);
    }

    /** An empty copy with the leader's log id. */
    private void copyHeader(Wal leader) {
        disk.put(FOLLOWER, FrameCodec.encodeFileHeader(new FileHeader(leader.id(), 0)).array());
    }

    private static ByteBuffer joined(ByteBuffer first, ByteBuffer second) {
        return ByteBuffer.allocate(first.remaining() + second.remaining())
                .put(first.duplicate())
                .put(second.duplicate())
                .flip();
    }

    private static ByteBuffer cut(ByteBuffer frames) {
        return frames.duplicate().limit(frames.limit() - 1);
    }

    private static ByteBuffer flipped(ByteBuffer frames, int at) {
        ByteBuffer copy = ByteBuffer.allocate(frames.remaining()).put(frames.duplicate()).flip();
        return copy.put(at, (byte) (copy.get(at) ^ 0x10));
    }
}
