package io.keyval.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.wal.CorruptLogException;
import io.keyval.wal.LogFrame;
import io.keyval.wal.LogInspector;
import io.keyval.wal.LogRefusedException;
import io.keyval.wal.LogReport;
import io.keyval.wal.Records;
import io.keyval.wal.SnapshotHead;
import io.keyval.wal.Wal;
import io.keyval.wal.WalEvents;
import io.keyval.wal.WalOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplicaTests {

    private static final long MB = 1 << 20;
    private static final byte[] NO_NOTE = {};

    @TempDir private Path directory;

    private final MemoryBudget budget = MemoryBudget.unbounded();
    private final List<Replica> opened = new ArrayList<>();
    private final Replica replica = keep(new Replica(budget));

    @AfterEach
    void close() {
        opened.forEach(Replica::close);
    }

    private Replica keep(Replica other) {
        opened.add(other);
        return other;
    }

    private Replica load(Path file) {
        return keep(Replica.load(file, budget, WalEvents.NONE));
    }

    @Test
    void whenABatchIsAppliedThenEachCommandIsAnsweredAtItsPlace() {
        assertThat(
                        replica.apply(
                                List.of(
                                        new Command.Get(bytes("a")),
                                        put("a", "1"),
                                        new Command.Get(bytes("a")),
                                        delete("a"),
                                        delete("a"),
                                        new Command.Ping())))
                .usingRecursiveComparison()
                .isEqualTo(
                        List.of(
                                Reply.MISS,
                                Reply.OK,
                                new Reply.Value(bytes("1")),
                                Reply.OK,
                                Reply.NOT_FOUND,
                                Reply.PONG));
        assertThat(replica.keys()).isZero();
    }

    @Test
    void whenRecordsAreAppliedThenTheyDoWhatTheCommandsDo() {
        for (boolean direct : new boolean[] {false, true}) {
            Replica other = keep(new Replica(budget));
            ByteBuffer records =
                    direct ? ByteBuffer.allocateDirect(10_000) : ByteBuffer.allocate(10_000);
            Records.put(records, bytes("a"), bytes("1"));
            Records.put(records, bytes("b"), new byte[6000]);
            Records.delete(records, bytes("a"));
            other.apply(records.flip(), 3);
            assertThat(records.hasRemaining()).isFalse();
            assertThat(other.keys()).isEqualTo(1);
            assertThat(value(other, "b")).hasSize(6000);
        }
    }

    @Test
    void whenRecordsAreNotWholeThenTheyAreRefused() {
        ByteBuffer records = ByteBuffer.allocate(100);
        Records.put(records, bytes("a"), bytes("1"));
        records.flip();
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> replica.apply(records.duplicate(), 2))
                .withMessageContaining("1 records where 2 were announced");
        records.limit(records.limit() - 1);
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> replica.apply(records, 1))
                .withMessageContaining("longer than its frame");
    }

    @Test
    void whenReadsComeToTooManyBytesThenTheRestHasNoReply() {
        replica.apply(List.of(put("a", "12345"), put("b", "12345")));
        List<Command> batch =
                List.of(
                        put("c", "1"),
                        new Command.Get(bytes("a")),
                        new Command.Get(bytes("b")),
                        new Command.Get(bytes("c")));
        assertThat(replica.read(batch, 10)).hasSize(3).startsWith(Reply.WRITE_NOT_ALLOWED);
        assertThat(replica.read(batch, 11)).hasSize(4).endsWith(Reply.MISS);
    }

    @Test
    void whenASnapshotIsLoadedThenItHasTheSameData() throws IOException {
        for (int i = 0; i < 20_000; i++) {
            replica.apply(List.of(put("key" + i, "value" + i)));
        }
        replica.apply(
                List.of(put("large", "x".repeat(3 << 20)), put("long" + "y".repeat(60_000), "1")));
        Path file = directory.resolve("snapshot.7_20002");
        replica.writeSnapshot(file, 7, 20_002, bytes("a note"));

        SnapshotHead head = Replica.head(file);
        assertThat(head.term()).isEqualTo(7);
        assertThat(head.index()).isEqualTo(20_002);
        assertThat(head.note()).isEqualTo(bytes("a note"));
        assertThat(head.size()).isEqualTo(Files.size(file));
        Replica loaded = load(file);
        assertThat(loaded.digest()).isEqualTo(replica.digest());
        assertThat(loaded.keys()).isEqualTo(20_002);
        assertThat(loaded.encodedSize()).isEqualTo(replica.encodedSize());
        assertThat(directory).isDirectoryContaining(path -> path.equals(file));
        assertThat(directory.toFile().list()).hasSize(1);
    }

    @Test
    void whenThereIsNoDataThenThereIsASnapshotOfIt() {
        Path file = directory.resolve("empty");
        replica.writeSnapshot(file, 0, 1, NO_NOTE);
        assertThat(Replica.head(file).note()).isEmpty();
        assertThat(load(file).keys()).isZero();
    }

    @Test
    void whenTheToolsReadASnapshotThenItIsALogThatIsAllBase() throws IOException {
        replica.apply(List.of(put("a", "1"), put("b", "2")));
        Path file = directory.resolve("snapshot");
        replica.writeSnapshot(file, 3, 41, bytes("a note that is longer than an epoch"));
        List<String> puts = new ArrayList<>();
        LogReport report =
                LogInspector.verify(
                        file,
                        new LogInspector.Visitor() {
                            @Override
                            public void put(
                                    LogFrame frame, long position, byte[] key, byte[] value) {
                                puts.add(new String(key, UTF_8) + "@" + position);
                            }
                        });
        assertThat(report.verdict()).isEqualTo(LogReport.Verdict.GOOD);
        assertThat(report.basePosition()).isEqualTo(41);
        assertThat(report.position()).isEqualTo(41);
        assertThat(report.baseRecords()).isEqualTo(2);
        assertThat(report.records()).isZero();
        assertThat(report.epochs()).hasToString("[3-00000000@41]");
        assertThat(puts).containsExactlyInAnyOrder("a@41", "b@41");
    }

    @Test
    void whenAppliesGoOnDuringASnapshotThenApplyingThemAgainLeadsToTheSameData() throws Exception {
        Random random = new Random(42);
        List<List<Command>> entries = new ArrayList<>();
        for (int i = 0; i < 60_000; i++) {
            String key = "key" + random.nextInt(5000);
            entries.add(
                    List.of(
                            random.nextInt(4) == 0
                                    ? delete(key)
                                    : put(key, i + "v".repeat(random.nextInt(200)))));
        }
        AtomicLong applied = new AtomicLong();
        AtomicBoolean stop = new AtomicBoolean();
        Thread applier =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    for (List<Command> entry : entries) {
                                        replica.apply(entry);
                                        applied.incrementAndGet();
                                        if (stop.get()) {
                                            return;
                                        }
                                    }
                                });
        for (int i = 0; i < 5; i++) {
            while (applied.get() < 1 + i * 5000L) {
                Thread.onSpinWait();
            }
            long index = applied.get();
            Path file = directory.resolve("snapshot." + i);
            replica.writeSnapshot(file, 1, index, NO_NOTE);
            Replica loaded = load(file);
            Replica replayed = keep(new Replica(budget));
            long now = applied.get();
            for (int j = 0; j < now; j++) {
                replayed.apply(entries.get(j));
                if (j >= index) {
                    loaded.apply(entries.get(j));
                }
            }
            assertThat(loaded.digest()).isEqualTo(replayed.digest());
        }
        stop.set(true);
        applier.join();
    }

    @Test
    void whenASnapshotIsCutAnywhereThenItIsRefusedWithFileAndOffset() throws IOException {
        Path whole = sample();
        byte[] bytes = Files.readAllBytes(whole);
        Path cut = directory.resolve("cut");
        for (int length = 0; length < bytes.length; length++) {
            Files.write(cut, Arrays.copyOf(bytes, length));
            refused(cut);
            assertThatExceptionOfType(CorruptLogException.class)
                    .isThrownBy(() -> Replica.head(cut));
        }
    }

    @Test
    void whenAByteOfASnapshotIsFlippedThenItIsRefusedWithFileAndOffset() throws IOException {
        Path whole = sample();
        byte[] bytes = Files.readAllBytes(whole);
        Path flipped = directory.resolve("flipped");
        for (int i = 0; i < bytes.length; i++) {
            byte[] other = bytes.clone();
            other[i] ^= 0x10;
            Files.write(flipped, other);
            refused(flipped);
        }
    }

    @Test
    void whenBytesStandBehindASnapshotThenItIsRefused() throws IOException {
        Path whole = sample();
        byte[] bytes = Files.readAllBytes(whole);
        Path longer = directory.resolve("longer");
        Files.write(longer, Arrays.copyOf(bytes, bytes.length + 1));
        refused(longer);
        assertThatExceptionOfType(CorruptLogException.class)
                .isThrownBy(() -> Replica.head(longer))
                .withMessageContaining("at offset " + bytes.length + ":");
    }

    private Path sample() {
        replica.apply(List.of(put("a", "1"), put("b", "2")));
        Path file = directory.resolve("whole");
        replica.writeSnapshot(file, 3, 41, bytes("a note"));
        return file;
    }

    private void refused(Path file) {
        assertThatExceptionOfType(CorruptLogException.class)
                .isThrownBy(() -> load(file))
                .withMessageStartingWith("The snapshot " + file + " is damaged at offset ")
                .satisfies(e -> assertThat(e.offset()).isLessThanOrEqualTo(Files.size(file)));
    }

    @Test
    void whenAnOrdinaryLogIsLoadedThenItIsNoSnapshot() throws IOException {
        Path log = directory.resolve("leader.log");
        Wal.open(log, WalOptions.DEFAULTS, new Keyspace()).close();
        assertThatExceptionOfType(CorruptLogException.class)
                .isThrownBy(() -> load(log))
                .withMessageContaining("it is not a snapshot");
    }

    @Test
    void whenThereIsNoSuchFileThenItIsSaid() {
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> load(directory.resolve("none")))
                .withMessageContaining("cannot be read");
    }

    @Test
    void whenASnapshotCannotBeWrittenThenNothingOfItStays() throws IOException {
        replica.apply(List.of(put("a", "1")));
        Path taken = Files.createDirectories(directory.resolve("snapshot/full"));
        assertThatExceptionOfType(LogRefusedException.class)
                .isThrownBy(() -> replica.writeSnapshot(taken.getParent(), 1, 1, NO_NOTE))
                .withMessageContaining("cannot be written");
        assertThat(directory.toFile().list()).containsExactly("snapshot");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> replica.writeSnapshot(directory.resolve("s"), 1, 0, NO_NOTE));
    }

    @Test
    void whenAReplicaIsClosedThenReadsAndSnapshotsEnd() {
        replica.apply(List.of(put("a", "1")));
        replica.close();
        assertThatIllegalStateException().isThrownBy(() -> value(replica, "a"));
        assertThatIllegalStateException()
                .isThrownBy(() -> replica.writeSnapshot(directory.resolve("s"), 1, 1, NO_NOTE));
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whenALoadIsGivenUpThenItEndsThere() {
        replica.apply(List.of(put("large", "x".repeat(3 << 20))));
        Path file = directory.resolve("snapshot");
        replica.writeSnapshot(file, 1, 1, NO_NOTE);
        ReplayWatch watch = new ReplayWatch();
        watch.giveUp();
        assertThatExceptionOfType(ReplayAbandonedException.class)
                .isThrownBy(() -> Replica.load(file, budget, watch));
    }

    @Test
    void whenReplicasShareABudgetThenOneFeelsWhatTheOtherTakes() {
        MemoryBudget shared = new MemoryBudget(32 * MB);
        Replica one = keep(new Replica(shared));
        Replica other = keep(new Replica(shared));
        int count = 0;
        while (one.admits(new Command.Put(bytes("k" + count), new byte[900]), 0)) {
            one.apply(List.of(new Command.Put(bytes("k" + count++), new byte[900])));
        }
        assertThat(shared.memory()).isBetween(30 * MB, 32 * MB);
        assertThat(shared.memory()).isEqualTo(one.memory() + other.memory());
        assertThat(one.memoryShortage()).contains("32 MB");
        assertThat(other.admits(new Command.Put(bytes("a"), new byte[2 << 20]), 0)).isFalse();
        assertThat(one.admits(new Command.Put(bytes("k0"), new byte[900]), 0)).isTrue();
        one.close();
        assertThat(other.admits(new Command.Put(bytes("a"), new byte[2 << 20]), 0)).isTrue();
        assertThat(other.admits(new Command.Put(bytes("a"), new byte[2 << 20]), 32 * MB)).isFalse();
    }

    private static byte[] value(Replica replica, String key) {
        return ((Reply.Value)
                        replica.read(List.of(new Command.Get(bytes(key))), Long.MAX_VALUE)
                                .getFirst())
                .bytes();
    }

    private static Command.Put put(String key, String value) {
        return new Command.Put(bytes(key), bytes(value));
    }

    private static Command.Delete delete(String key) {
        return new Command.Delete(bytes(key));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
