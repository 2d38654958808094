package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.store.MemoryBudget;
import io.keyval.store.Replica;
import io.keyval.wal.WalEvents;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.SizeInBytes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a snapshot of a shard is written, and when it counts. */
class SnapshotWriterTests {

    private static final byte[] KEY = {'k'};
    private static final byte[] VALUE = {'v'};

    @TempDir private Path directory;

    private final SnapshotStorage snapshots = new SnapshotStorage();
    private final Replica replica = new Replica(MemoryBudget.unbounded());
    private final Semaphore written = new Semaphore(0);
    private final Semaphore ended = new Semaphore(0);
    private final Semaphore asked = new Semaphore(0);
    private volatile boolean wanted = true;

    private final SnapshotWriter writer =
            new SnapshotWriter(
                    "Shard 3",
                    1000,
                    snapshots,
                    _ -> {
                        asked.release();
                        return wanted;
                    },
                    () -> {
                        written.release();
                        ended.acquireUninterruptibly();
                    });

    private RaftStorage storage;

    @BeforeEach
    void open() throws IOException {
        storage =
                RaftStorage.newBuilder()
                        .setDirectory(directory.resolve("group").toFile())
                        .setOption(RaftStorage.StartupOption.FORMAT)
                        .setStorageFreeSpaceMin(SizeInBytes.valueOf(0))
                        .build();
        storage.initialize();
        Files.createDirectories(storage.getStorageDir().getStateMachineDir().toPath());
        snapshots.init(storage);
        replica.apply(List.of(new Command.Put(KEY, VALUE)));
    }

    @AfterEach
    void close() throws IOException {
        ended.release(100);
        replica.close();
        storage.close();
    }

    private void apply(int bytes, long index) {
        writer.applied(bytes, TermIndex.valueOf(2, index), replica);
    }

    private void awaitWritten() throws InterruptedException {
        assertThat(written.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whenEntriesComeToTheThresholdThenASnapshotUpToTheLastOneIsWritten() throws Exception {
        apply(500, 4);
        assertThat(written.availablePermits()).isZero();
        apply(500, 5);
        awaitWritten();
        assertThat(snapshots.getLatestSnapshot()).as("before it is published").isNull();
        assertThat(writer.publish()).isEqualTo(5);
        assertThat(snapshots.getLatestSnapshot())
                .isNotNull()
                .returns(TermIndex.valueOf(2, 5), snapshot -> snapshot.getTermIndex());
        Path file = snapshots.file(TermIndex.valueOf(2, 5));
        try (Replica loaded = Replica.load(file, MemoryBudget.unbounded(), WalEvents.NONE)) {
            assertThat(loaded.read(List.of(new Command.Get(KEY)), 1 << 20))
                    .usingRecursiveComparison()
                    .isEqualTo(List.of(new Reply.Value(VALUE)));
        }
    }

    @Test
    void whenNoneIsWrittenThenThereIsNoIndex() {
        assertThat(writer.publish()).isEqualTo(RaftLog.INVALID_LOG_INDEX);
    }

    @Test
    void whenOneIsBeingWrittenThenNoOtherIsBegun() throws Exception {
        apply(1000, 5);
        awaitWritten();
        apply(1000, 6);
        apply(1000, 7);
        assertThat(writer.publish()).isEqualTo(5);
        ended.release();
        // What came meanwhile counts: the next entry is enough, however small.
        await().until(
                        () -> {
                            apply(1, 8);
                            return written.tryAcquire();
                        });
        assertThat(writer.publish()).isEqualTo(8);
    }

    @Test
    void whenAllIsInASnapshotThenItCountsFromNothing() throws Exception {
        apply(900, 4);
        writer.restart();
        apply(900, 5);
        apply(900, 6);
        awaitWritten();
        assertThat(writer.publish()).isEqualTo(6);
    }

    @Test
    void whenTheShardIsClosedThenNothingIsWritten() throws Exception {
        wanted = false;
        apply(1000, 5);
        wanted = true;
        apply(1, 6);
        awaitWritten();
        assertThat(writer.publish()).isEqualTo(6);
        assertThat(snapshots.file(TermIndex.valueOf(2, 5))).doesNotExist();
    }

    @Test
    void whenOneCannotBeWrittenThenTheNextIsTried() throws Exception {
        Path stateMachine = storage.getStorageDir().getStateMachineDir().toPath();
        Files.delete(stateMachine);
        apply(1000, 5);
        // Asked before it began, and again when it failed.
        assertThat(asked.tryAcquire(2, 30, TimeUnit.SECONDS)).isTrue();
        Files.createDirectories(stateMachine);
        await().until(
                        () -> {
                            apply(1000, 6);
                            return written.tryAcquire();
                        });
        assertThat(writer.publish()).isEqualTo(6);
    }
}
