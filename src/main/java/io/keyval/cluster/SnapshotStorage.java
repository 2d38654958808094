package io.keyval.cluster;

import io.keyval.store.StoreException;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;

/**
 * The snapshots of a shard, one file each, and beside each the MD5 that Ratis sends along when it
 * copies one to another node. Ratis hears of a snapshot when it is {@link #publish published}.
 */
final class SnapshotStorage extends SimpleStateMachineStorage {

    private volatile @Nullable SingleFileSnapshotInfo published;
    private volatile @Nullable File directory;
    private volatile @Nullable File temporary;

    @Override
    public void init(RaftStorage storage) throws IOException {
        directory = storage.getStorageDir().getStateMachineDir();
        temporary = storage.getStorageDir().getTmpDir();
        super.init(storage);
        SingleFileSnapshotInfo latest = super.loadLatestSnapshot();
        published = latest == null ? null : withDigest(latest);
    }

    /** The file of a snapshot that is yet to be written. */
    Path file(TermIndex at) {
        return getSnapshotFile(at.getTerm(), at.getIndex()).toPath();
    }

    /** Makes a written snapshot the latest one. */
    void publish(SingleFileSnapshotInfo snapshot) {
        updateLatestSnapshot(snapshot);
        published = snapshot;
    }

    /** What Ratis wants to know of a snapshot's file; reads all of it. */
    static SingleFileSnapshotInfo describe(Path file, TermIndex at) {
        return new SingleFileSnapshotInfo(
                new FileInfo(file, MD5FileUtil.computeAndSaveMd5ForFile(file.toFile())), at);
    }

    private static SingleFileSnapshotInfo withDigest(SingleFileSnapshotInfo snapshot) {
        return snapshot.hasMd5()
                ? snapshot
                : describe(snapshot.getFile().getPath(), snapshot.getTermIndex());
    }

    @Override
    public @Nullable SingleFileSnapshotInfo getLatestSnapshot() {
        return published;
    }

    /** Looks on disk for a snapshot that another node has sent. */
    @Override
    public @Nullable SingleFileSnapshotInfo loadLatestSnapshot() {
        SingleFileSnapshotInfo latest = super.loadLatestSnapshot();
        published = latest;
        return latest;
    }

    /** Forces what another node has sent, before Ratis puts it in its place. */
    void forceReceived() {
        File received = temporary;
        if (received != null && received.isDirectory()) {
            forceAll(received.toPath());
        }
    }

    /** Forces the directory of the snapshots: their names are on disk then. */
    void forceNames() {
        File snapshots = directory;
        if (snapshots != null) {
            force(snapshots.toPath());
            force(snapshots.toPath().getParent());
        }
    }

    private static void forceAll(Path directory) {
        try (Stream<Path> walk = Files.walk(directory)) {
            List<Path> paths = walk.toList();
            paths.forEach(SnapshotStorage::force);
        } catch (IOException | UncheckedIOException e) {
            throw new StoreException(
                    "The snapshot in %s could not be forced to disk: %s."
                            .formatted(directory, e.getMessage()));
        }
    }

    private static void force(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
