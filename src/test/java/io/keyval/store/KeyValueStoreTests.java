package io.keyval.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.wal.CorruptLogException;
import io.keyval.wal.DataDirectoryException;
import io.keyval.wal.FsyncPolicy;
import io.keyval.wal.Outcome;
import io.keyval.wal.WalCursor;
import io.keyval.wal.WalEvents;
import io.keyval.wal.WalException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.support.StaticListableBeanFactory;

class KeyValueStoreTests {

    private static final int FULL_SYNCS = Integer.getInteger("keyval.full-syncs", 50);

    @TempDir Path directory;

    private final List<KeyValueStore> stores = new ArrayList<>();

    @AfterEach
    void stopAll() {
        stores.forEach(KeyValueStore::stop);
    }

    @Test
    void whenTheLogFileIsRemovedThenTheStoreWritesItAnewByItself() throws IOException {
        KeyValueStore store = leader();
        execute(store, put("a", "1"));
        Files.delete(store.wal().file());
        await().untilAsserted(() -> assertThat(store.wal().file()).isNotEmptyFile());
        execute(store, put("b", "2"));
        store.stop();
        assertThat(leader().keys()).isEqualTo(2);
    }

    @Test
    void whenABatchReadsWhatItWroteThenItSeesItInOrder() {
        KeyValueStore store = leader();
        assertThat(
                        execute(
                                store,
                                get("a"),
                                put("a", "1"),
                                get("a"),
                                put("a", "2"),
                                get("a"),
                                new Command.Ping(),
                                delete("a"),
                                get("a"),
                                delete("a"),
                                new Command.Invalid(),
                                put("b", "3"),
                                new Command.Close()))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(
                        Reply.MISS,
                        Reply.OK,
                        value("1"),
                        Reply.OK,
                        value("2"),
                        Reply.PONG,
                        Reply.OK,
                        Reply.MISS,
                        Reply.NOT_FOUND,
                        Reply.INVALID_COMMAND,
                        Reply.OK,
                        Reply.BYE);
        assertThat(execute(store, get("a"), get("b")))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(Reply.MISS, value("3"));
        assertThat(store.keys()).isEqualTo(1);
        assertThat(store.wal().position()).isEqualTo(5);
    }

    @Test
    void whenAStoreStartsAgainThenItHoldsWhatWasAcknowledgedInANewEpoch() {
        KeyValueStore store = leader();
        for (int i = 0; i < 100; i++) {
            execute(store, put("k" + i % 30, "v" + i), delete("k" + (i + 7) % 30));
        }
        long digest = store.digest();
        long epoch = store.wal().epoch();
        store.stop();
        assertThat(store.isRunning()).isFalse();
        assertThat(execute(store, put("late", "1"))).containsExactly(Reply.FAILED);

        KeyValueStore again = leader();
        assertThat(again.digest()).isEqualTo(digest);
        assertThat(again.keys()).isEqualTo(store.keys());
        assertThat(again.liveBytes()).isEqualTo(store.liveBytes());
        assertThat(again.wal().epoch()).isGreaterThan(epoch);
        assertThat(again.wal().history()).hasSize(2);
        assertThat(execute(again, get("late"))).containsExactly(Reply.MISS);
    }

    @Test
    void whenManyWriteTheSameKeysThenLogMemoryAndRepliesHaveOneOrder() {
        KeyValueStore store = leader();
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        for (int writer = 0; writer < 8; writer++) {
            int number = writer;
            writers.add(
                    run(
                            () -> {
                                for (int i = 0; i < 200; i++) {
                                    String value = number + "-" + i;
                                    List<Reply> replies =
                                            execute(
                                                    store,
                                                    put("own" + number, value),
                                                    put("shared" + i % 3, value),
                                                    get("shared" + i % 3),
                                                    get("own" + number));
                                    assertThat(replies)
                                            .usingRecursiveFieldByFieldElementComparator()
                                            .containsExactly(
                                                    Reply.OK, Reply.OK, value(value), value(value));
                                }
                            }));
        }
        writers.forEach(CompletableFuture::join);
        assertThat(store.wal().position()).isEqualTo(8 * 200 * 2);
        long digest = store.digest();
        List<Reply> shared = execute(store, get("shared0"), get("shared1"), get("shared2"));
        store.stop();
        KeyValueStore again = leader();
        assertThat(again.digest()).isEqualTo(digest);
        assertThat(execute(again, get("shared0"), get("shared1"), get("shared2")))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactlyElementsOf(shared);
    }

    @Test
    void whenTheLogOutgrowsItsThresholdThenItIsCompactedByItself() {
        KeyValueStore store = start(settings("leader.log", Role.LEADER, 20_000, 2.0), List.of());
        for (int i = 0; i < 2000; i++) {
            execute(store, put("k" + i % 10, "value " + i));
        }
        await().untilAsserted(
                        () -> {
                            execute(store, put("one", "more"));
                            assertThat(store.wal().basePosition()).isPositive();
                            assertThat(store.wal().size()).isLessThan(30_000);
                        });
        long digest = store.digest();
        store.stop();
        assertThat(leader().digest()).isEqualTo(digest);
    }

    @Test
    void whenAStoreFollowsThenItTakesNoWritesUntilItLeads() {
        KeyValueStore store = follower();
        assertThat(store.role()).isEqualTo(Role.FOLLOWER);
        assertThat(store.wal().history()).isEmpty();
        assertThat(execute(store, put("a", "1"), get("a"), delete("a"), new Command.Ping()))
                .containsExactly(
                        Reply.WRITE_NOT_ALLOWED, Reply.MISS, Reply.WRITE_NOT_ALLOWED, Reply.PONG);
        assertThat(store.wal().position()).isZero();

        store.lead(0);
        assertThat(store.role()).isEqualTo(Role.LEADER);
        assertThat(store.wal().history()).hasSize(1);
        assertThat(execute(store, put("a", "1"))).containsExactly(Reply.OK);

        store.follow();
        assertThat(execute(store, put("a", "2"))).containsExactly(Reply.WRITE_NOT_ALLOWED);
        assertThat(execute(store, get("a")))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(value("1"));
    }

    @Test
    void whenTheRoleChangesUnderLoadThenEveryWriteIsEitherDoneOrNotAllowed() {
        KeyValueStore store = leader();
        AtomicBoolean stop = new AtomicBoolean();
        List<String> done = new ArrayList<>();
        CompletableFuture<Void> writer =
                run(
                        () -> {
                            for (int i = 0; !stop.get(); i++) {
                                Reply reply = execute(store, put("k" + i, "v")).getFirst();
                                if (reply == Reply.OK) {
                                    done.add("k" + i);
                                } else {
                                    assertThat(reply).isEqualTo(Reply.WRITE_NOT_ALLOWED);
                                }
                            }
                        });
        for (int i = 0; i < 50; i++) {
            store.follow();
            store.lead(0);
        }
        long before = store.wal().position();
        await().until(() -> store.wal().position() > before);
        stop.set(true);
        writer.join();
        assertThat(store.keys()).isEqualTo(done.size());
        assertThat(store.wal().position()).isEqualTo(done.size());
    }

    @Test
    void whenReadsAreClosedThenOnlyGetFails() {
        KeyValueStore store = follower();
        store.readableWhile(() -> false);
        assertThat(execute(store, get("a"), new Command.Ping(), put("a", "1")))
                .containsExactly(Reply.FAILED, Reply.PONG, Reply.WRITE_NOT_ALLOWED);
        store.readableWhile(() -> true);
        assertThat(execute(store, get("a"))).containsExactly(Reply.MISS);
    }

    @Test
    void whenAWriteIsNotConfirmedThenItFailsAndReadsOfItsBatchDoNot() {
        KeyValueStore store = leader();
        List<Long> asked = new ArrayList<>();
        store.confirmWith(
                (position, done) -> {
                    asked.add(position);
                    done.accept(position != 3);
                });
        assertThat(execute(store, put("a", "1"), put("b", "2")))
                .containsExactly(Reply.OK, Reply.OK);
        assertThat(execute(store, delete("a"), get("b"), new Command.Ping()))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(Reply.FAILED, value("2"), Reply.PONG);
        assertThat(asked).containsExactly(2L, 3L);
    }

    @Test
    void whenABatchIsRefusedBehindAFullSyncThenWhatNeedsDataFails() {
        Keyspace replaced = new Keyspace();
        WriteGroup group =
                new WriteGroup(
                        List.of(put("a", "1"), get("a"), new Command.Ping()),
                        replaced,
                        Confirmation.IMMEDIATE,
                        new MemoryLimit(Long.MAX_VALUE, Long.MAX_VALUE));
        replaced.close();
        assertThat(group.refuse())
                .isCompletedWithValue(List.of(Reply.FAILED, Reply.FAILED, Reply.PONG));
    }

    @Test
    void whenAStoreHasNotStartedThenItSaysSo() {
        KeyValueStore store = new KeyValueStore(settings("leader.log"), events(List.of()));
        assertThat(store.isOpen()).isFalse();
        assertThat(store.keys()).isZero();
        assertThatThrownBy(() -> store.execute(List.of(get("a"))))
                .isInstanceOf(StoreException.class);
        assertThatThrownBy(store::wal).isInstanceOf(StoreException.class);
    }

    @Test
    void whenADirectoryIsHeldThenASecondStoreDoesNotStart() {
        KeyValueStore first = leader();
        assertThatThrownBy(this::leader)
                .isInstanceOf(DataDirectoryException.class)
                .hasMessageContaining("in use");
        assertThat(execute(first, put("a", "1"))).containsExactly(Reply.OK);
    }

    @Test
    void whenALogIsDamagedThenTheStoreDoesNotStartAndLetsGoOfTheDirectory() throws Exception {
        KeyValueStore store = leader();
        execute(store, put("a", "1"));
        execute(store, put("b", "2"));
        store.stop();
        Path log = directory.resolve("data").resolve("leader.log");
        byte[] good = Files.readAllBytes(log);
        byte[] bad = good.clone();
        bad[170] ^= 1;
        Files.write(log, bad);
        assertThatThrownBy(this::leader).isInstanceOf(CorruptLogException.class);
        assertThat(Files.readAllBytes(log)).isEqualTo(bad);
        Files.write(log, good);
        assertThat(leader().keys()).isEqualTo(2);
    }

    @Test
    void whenAFullSyncIsInstalledThenItsLogIsServedAndGoesOn() throws Exception {
        KeyValueStore leader = otherLeader();
        execute(leader, put("a", "1"), put("b", "2"));
        KeyValueStore follower = follower();
        follower.lead(0);
        execute(follower, put("stale", "1"));
        follower.follow();
        Path own = follower.wal().file();

        Path aside = install(follower, log(leader), true);
        assertThat(aside).isNotNull().exists();
        assertThat(follower.digest()).isEqualTo(leader.digest());
        assertThat(follower.wal().id()).isEqualTo(leader.wal().id());
        assertThat(follower.wal().file()).isEqualTo(own);
        assertThat(follower.syncFile()).doesNotExist();
        assertThat(execute(follower, get("stale"))).containsExactly(Reply.MISS);

        execute(leader, put("c", "3"));
        pull(leader, follower);
        assertThat(follower.digest()).isEqualTo(leader.digest());
        follower.stop();

        KeyValueStore again = follower();
        assertThat(again.digest()).isEqualTo(leader.digest());
        assertThat(again.wal().position()).isEqualTo(3);
        again.stop();
        Files.move(aside, own, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(execute(follower(), get("stale")))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(value("1"));
    }

    @Test
    void whenFullSyncsAreInstalledUnderReadsThenEveryReadAnswersWithAWholeValue() throws Exception {
        KeyValueStore leader = otherLeader();
        KeyValueStore follower = follower();
        write(leader, 0);
        install(follower, log(leader), false);
        AtomicBoolean done = new AtomicBoolean();
        List<CompletableFuture<Void>> readers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            readers.add(run(() -> readUntil(done, follower)));
        }
        for (int round = 1; round <= FULL_SYNCS; round++) {
            write(leader, round);
            install(follower, log(leader), false);
        }
        done.set(true);
        readers.forEach(CompletableFuture::join);
        assertThat(follower.digest()).isEqualTo(leader.digest());
    }

    /** A digit of the round, over and over: one that is not of its value shows. */
    private static void write(KeyValueStore store, int round) {
        String digit = Integer.toString(round % 10);
        execute(store, put("short", digit.repeat(40)), put("long", digit.repeat(3000)));
    }

    private static void readUntil(AtomicBoolean done, KeyValueStore store) {
        while (!done.get()) {
            for (Reply reply : execute(store, get("short"), get("long"))) {
                assertThat(reply).isInstanceOf(Reply.Value.class);
                byte[] value = ((Reply.Value) reply).bytes();
                byte[] whole = new byte[value.length];
                Arrays.fill(whole, value[0]);
                assertThat(value[0]).isBetween((byte) '0', (byte) '9');
                assertThat(value).isEqualTo(whole);
            }
        }
    }

    @Test
    void whenASyncedLogIsNotWholeThenEverythingStaysAsItWas() throws Exception {
        KeyValueStore leader = otherLeader();
        execute(leader, put("a", "1"));
        execute(leader, put("b", "2"));
        KeyValueStore store = leader();
        execute(store, put("mine", "1"));
        long digest = store.digest();
        byte[] whole = log(leader);
        byte[] flipped = whole.clone();
        flipped[100] ^= 1;
        List<byte[]> wrong = new ArrayList<>(List.of(flipped, "not a log".getBytes()));
        for (int length : new int[] {0, 10, 63, 65, whole.length - 1}) {
            wrong.add(Arrays.copyOf(whole, length));
        }
        for (byte[] bytes : wrong) {
            assertThatThrownBy(() -> install(store, bytes, true))
                    .as("%d bytes", bytes.length)
                    .isInstanceOf(WalException.class);
            assertThat(store.syncFile()).doesNotExist();
            assertThat(store.digest()).isEqualTo(digest);
            assertThat(execute(store, put("mine", "1"))).containsExactly(Reply.OK);
        }
        store.stop();
        assertThat(leader().digest()).isEqualTo(digest);
    }

    @Test
    void whenASyncedLogCannotTakeItsPlaceThenTheOldOneIsServedOn() throws Exception {
        KeyValueStore leader = otherLeader();
        execute(leader, put("a", "1"));
        WalEvents removing =
                new WalEvents() {
                    @Override
                    public void replaying(Path file, long records, long bytes, long total) {
                        if (records > 0 && file.getFileName().toString().endsWith(".sync")) {
                            remove(file);
                        }
                    }
                };
        KeyValueStore store = start(settings("leader.log"), List.of(removing));
        execute(store, put("mine", "1"));
        long digest = store.digest();
        byte[] log = log(leader);
        assertThatThrownBy(() -> install(store, log, false)).isInstanceOf(WalException.class);
        assertThat(store.digest()).isEqualTo(digest);
        assertThat(execute(store, put("mine", "2"), get("mine")))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(Reply.OK, value("2"));
    }

    @Test
    void whenALogIsReplacedDuringACompactionThenTheNewOneStaysInPlace() throws Exception {
        KeyValueStore leader = otherLeader();
        execute(leader, put("theirs", "1"));
        byte[] log = log(leader);
        for (int i = 0; i < 10; i++) {
            KeyValueStore store = leader();
            execute(store, put("mine" + i, "x".repeat(50_000)));
            CompletableFuture<Void> compaction =
                    run(
                            () -> {
                                try {
                                    store.compact();
                                } catch (WalException e) {
                                    assertThat(e).hasMessageContaining("leader.log");
                                }
                            });
            install(store, log, false);
            compaction.join();
            assertThat(store.digest()).isEqualTo(leader.digest());
            store.stop();
            KeyValueStore again = leader();
            assertThat(again.digest()).isEqualTo(leader.digest());
            again.stop();
        }
    }

    @Test
    void whenMemoryIsFullThenPutsThatNeedMoreAreRefusedAndNotLogged() {
        KeyValueStore store = start(settings(8L << 20, Role.LEADER), List.of());
        String value = "x".repeat(1000);
        int count = 0;
        while (execute(store, put("key" + count, value)).equals(List.of(Reply.OK))) {
            count++;
        }
        assertThat(store.memory()).isBetween(7L << 20, 8L << 20);
        assertThat(store.memoryShortage()).contains("keyval.limits.max-memory");
        long position = store.wal().position();
        assertThat(execute(store, put("more", value), get("more"), get("key0")))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(Reply.FAILED, Reply.MISS, value(value));
        assertThat(store.wal().position()).isEqualTo(position);

        assertThat(execute(store, delete("key0"), put("more", value), put("key1", "new")))
                .containsExactly(Reply.OK, Reply.FAILED, Reply.OK);
        assertThat(store.wal().position()).isEqualTo(position + 2);
        assertThat(execute(store, put("more", value))).containsExactly(Reply.OK);
        assertThat(store.memoryShortage()).isNull();

        long digest = store.digest();
        store.stop();
        KeyValueStore again = start(settings(8L << 20, Role.LEADER), List.of());
        assertThat(again.digest()).isEqualTo(digest);
    }

    @Test
    void whenALeaderHasMoreThanAFollowerMayTakeThenTheFollowerTakesItAll() throws Exception {
        KeyValueStore leader = otherLeader();
        KeyValueStore follower = start(settings(8L << 20, Role.FOLLOWER), List.of());
        install(follower, log(leader), false);
        for (int i = 0; i < 12_000; i++) {
            leader.execute(List.of(put("key" + i, "x".repeat(1000))));
        }
        execute(leader, put("last", "1"));
        pull(leader, follower);
        assertThat(follower.digest()).isEqualTo(leader.digest());
        follower.lead(0);
        int taken = 0;
        while (execute(follower, put("more" + taken, "x".repeat(1000))).contains(Reply.OK)) {
            assertThat(taken++).as("what fits into memory it has already").isLessThan(2000);
        }
        assertThat(execute(follower, delete("key1"))).containsExactly(Reply.OK);
    }

    /** All bytes of a node's log. */
    private byte[] log(KeyValueStore store) throws IOException {
        Path copy = directory.resolve("copy");
        store.wal().copyTo(copy);
        byte[] bytes = Files.readAllBytes(copy);
        Files.delete(copy);
        return bytes;
    }

    /** A full sync as a follower does it, of a log that comes in one piece. */
    private static @Nullable Path install(KeyValueStore store, byte[] log, boolean setAside)
            throws IOException {
        FullSync sync = store.beginSync(log.length);
        try {
            sync.add(ByteBuffer.wrap(log), () -> {});
        } catch (IOException | RuntimeException e) {
            sync.discard();
            throw e;
        }
        return store.install(sync, setAside);
    }

    private static void pull(KeyValueStore leader, KeyValueStore follower) {
        try (WalCursor cursor = leader.wal().cursorAfter(follower.wal().position())) {
            ByteBuffer frames;
            while ((frames = cursor.read(1000)) != null) {
                CompletableFuture<Long> applied = new CompletableFuture<>();
                follower.appendFrames(
                        frames,
                        new Outcome() {
                            @Override
                            public void committed(long position) {
                                applied.complete(position);
                            }

                            @Override
                            public void refused(WalException cause) {
                                applied.completeExceptionally(cause);
                            }
                        });
                applied.orTimeout(20, TimeUnit.SECONDS).join();
            }
        }
    }

    private static void remove(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private KeyValueStore leader() {
        return start(settings("leader.log"), List.of());
    }

    private KeyValueStore follower() {
        return start(settings("follower_2.log", Role.FOLLOWER, 64 << 20, 2.0), List.of());
    }

    private KeyValueStore otherLeader() {
        StoreSettings here = settings("leader.log");
        return start(
                new StoreSettings(
                        directory.resolve("other"),
                        here.logName(),
                        here.role(),
                        here.fsync(),
                        here.compactMinSize(),
                        here.compactRatio(),
                        here.retain(),
                        here.maxMemory()),
                List.of());
    }

    private StoreSettings settings(String name) {
        return settings(name, Role.LEADER, 64 << 20, 2.0);
    }

    private StoreSettings settings(long maxMemory, Role role) {
        return new StoreSettings(
                directory.resolve("data"),
                "a.log",
                role,
                FsyncPolicy.NEVER,
                64 << 20,
                2.0,
                1 << 20,
                maxMemory);
    }

    private StoreSettings settings(String name, Role role, long minSize, double ratio) {
        return new StoreSettings(
                directory.resolve("data"),
                name,
                role,
                FsyncPolicy.ALWAYS,
                minSize,
                ratio,
                1 << 20,
                Long.MAX_VALUE);
    }

    private KeyValueStore start(StoreSettings settings, List<WalEvents> listeners) {
        KeyValueStore store = new KeyValueStore(settings, events(listeners));
        store.start();
        stores.add(store);
        return store;
    }

    private static org.springframework.beans.factory.ObjectProvider<WalEvents> events(
            List<WalEvents> listeners) {
        StaticListableBeanFactory beans = new StaticListableBeanFactory();
        listeners.forEach(listener -> beans.addBean("listener", listener));
        return beans.getBeanProvider(WalEvents.class);
    }

    private static CompletableFuture<Void> run(Runnable task) {
        return CompletableFuture.runAsync(task, Thread.ofPlatform().daemon()::start)
                .orTimeout(120, TimeUnit.SECONDS);
    }

    private static List<Reply> execute(KeyValueStore store, Command... batch) {
        return store.execute(List.of(batch))
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private static Command put(String key, String value) {
        return new Command.Put(bytes(key), bytes(value));
    }

    private static Command delete(String key) {
        return new Command.Delete(bytes(key));
    }

    private static Command get(String key) {
        return new Command.Get(bytes(key));
    }

    private static Reply value(String value) {
        return new Reply.Value(bytes(value));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
