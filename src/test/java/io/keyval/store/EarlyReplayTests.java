package io.keyval.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.keyval.command.Command;
import io.keyval.wal.CorruptLogException;
import io.keyval.wal.DataDirectory;
import io.keyval.wal.DataDirectoryException;
import io.keyval.wal.FsyncPolicy;
import io.keyval.wal.WalEvents;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.support.StaticListableBeanFactory;

class EarlyReplayTests {

    @TempDir Path directory;

    private KeyValueStore store;

    @BeforeEach
    void makeStore() {
        store = new KeyValueStore(settings(), noEvents());
    }

    @AfterEach
    void stop() {
        store.stop();
    }

    @Test
    void whenThereIsNoLogThenNothingIsReadOrCreated() {
        assertThat(EarlyReplay.begin(directory.resolve("none"), false, 1)).isNull();
        assertThat(EarlyReplay.begin(directory, true, 2)).isNull();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whenAStoreGoesOnWithWhatWasReadThenItHoldsTheSame() {
        store.start();
        Random random = new Random(1);
        for (int batch = 0; batch < 50; batch++) {
            List<Command> commands = new ArrayList<>();
            for (int i = 0; i <= random.nextInt(120); i++) {
                byte[] key = bytes("k" + random.nextInt(500));
                commands.add(
                        random.nextInt(20) == 0
                                ? new Command.Delete(key)
                                : new Command.Put(key, bytes("v".repeat(1 + random.nextInt(99)))));
            }
            store.execute(commands).toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
        }
        long digest = store.digest();
        long keys = store.keys();
        long liveBytes = store.liveBytes();
        long position = store.wal().position();
        store.stop();

        KeyValueStore again = new KeyValueStore(settings(), noEvents());
        again.goOnWith(early());
        again.start();
        assertThat(again.digest()).isEqualTo(digest);
        assertThat(again.keys()).isEqualTo(keys);
        assertThat(again.liveBytes()).isEqualTo(liveBytes);
        assertThat(again.wal().position()).isEqualTo(position);
        assertThat(again.replay().records()).isEqualTo(position);
        assertThat(again.replay().bytes()).isEqualTo(again.replay().totalBytes());
        again.execute(List.of(new Command.Put(bytes("a"), bytes("b"))))
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        again.stop();

        store.start();
        assertThat(store.wal().position()).isEqualTo(position + 1);
    }

    @Test
    void whenALogIsReadThenItsDirectoryIsHeldUntilSomebodyLetsGo() throws Exception {
        store.start();
        store.stop();
        EarlyReplay.Result read = early().take();
        assertThatThrownBy(() -> DataDirectory.hold(directory))
                .isInstanceOf(DataDirectoryException.class)
                .hasMessageContaining("in use");
        read.close();
        DataDirectory.hold(directory).close();

        store.goOnWith(early());
        store.destroy();
        DataDirectory.hold(directory).close();
    }

    @Test
    void whenTheLogIsDamagedThenTheStartSaysSoAndTheDirectoryIsFree() throws Exception {
        store.start();
        for (String key : List.of("a", "b")) {
            store.execute(List.of(new Command.Put(bytes(key), bytes("1"))))
                    .toCompletableFuture()
                    .orTimeout(20, TimeUnit.SECONDS)
                    .join();
        }
        store.stop();
        Path log = directory.resolve("leader.log");
        for (int at : List.of(0, 170)) {
            byte[] bad = Files.readAllBytes(log);
            bad[at] ^= 1;
            Files.write(log, bad);
            KeyValueStore other = new KeyValueStore(settings(), noEvents());
            other.goOnWith(early());
            assertThatThrownBy(other::start).isInstanceOf(CorruptLogException.class);
            assertThat(other.isOpen()).isFalse();
            assertThat(log).hasBinaryContent(bad);
            DataDirectory.open(directory).close();
            bad[at] ^= 1;
            Files.write(log, bad);
        }
    }

    @Test
    void whenTheLogEndsInsideItsHeaderThenTheStoreBeginsANewOne() throws Exception {
        Files.write(directory.resolve("leader.log"), bytes("KEYVAL"));
        store.goOnWith(early());
        store.start();
        assertThat(store.keys()).isZero();
        assertThat(store.wal().wasTorn()).isTrue();
    }

    @Test
    void whenTheNodeStopsMeanwhileThenTheDirectoryIsLetGoOf() {
        store.start();
        store.stop();
        EarlyReplay early = early();
        early.giveUp();
        KeyValueStore other = new KeyValueStore(settings(), noEvents());
        other.prepareToStop();
        other.goOnWith(early);
        other.destroy();
        DataDirectory.hold(directory).close();
    }

    private EarlyReplay early() {
        EarlyReplay early = EarlyReplay.begin(directory, false, 1);
        assertThat(early).isNotNull();
        return early;
    }

    private StoreSettings settings() {
        return new StoreSettings(
                directory,
                "leader.log",
                Role.LEADER,
                FsyncPolicy.ALWAYS,
                64 << 20,
                2.0,
                1 << 20,
                Long.MAX_VALUE);
    }

    private static org.springframework.beans.factory.ObjectProvider<WalEvents> noEvents() {
        return new StaticListableBeanFactory().getBeanProvider(WalEvents.class);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
