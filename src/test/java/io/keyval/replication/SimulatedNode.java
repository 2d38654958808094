package io.keyval.replication;

import io.keyval.wal.Epoch;
import io.keyval.wal.FsyncPolicy;
import io.keyval.wal.LiveRecords;
import io.keyval.wal.LogIntake;
import io.keyval.wal.Outcome;
import io.keyval.wal.RecordGroup;
import io.keyval.wal.RecordSink;
import io.keyval.wal.Records;
import io.keyval.wal.SimulatedDisk;
import io.keyval.wal.Wal;
import io.keyval.wal.WalException;
import io.keyval.wal.WalOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A node as a plain object: a log on a disk of its own in memory, and what it says, replayed. Each
 * method returns when its work is done or the node has crashed at it, except that what comes of a
 * full sync is replayed meanwhile, beside the data that are served.
 */
final class SimulatedNode implements RecordSink, LiveRecords {

    private static final Path LOG = Path.of("node.log");
    private static final Path SYNC = Path.of("node.log.sync");

    final int id;
    private final FsyncPolicy fsync;
    private final Random random;
    private SimulatedDisk disk = new SimulatedDisk();
    private @Nullable Wal wal;
    private @Nullable Sync syncing;
    private boolean crashed;

    private Replayed data = new Replayed();

    /** What a log says. */
    private static final class Replayed implements RecordSink {

        /** Every record since the log was replayed, that of the base included. */
        final List<String> records = new ArrayList<>();

        final Map<String, String> state = new TreeMap<>();

        @Override
        public void put(byte[] key, byte[] value) {
            state.put(new String(key), new String(value));
            records.add(new String(key) + "=" + new String(value));
        }

        @Override
        public void delete(byte[] key) {
            state.remove(new String(key));
            records.add(new String(key) + " deleted");
        }
    }

    /** A leader's log on its way in, and what it says, which are the intake's until it is done. */
    private record Sync(LogIntake intake, Replayed data) {}

    SimulatedNode(int id, FsyncPolicy fsync, Random random) {
        this.id = id;
        this.fsync = fsync;
        this.random = random;
    }

    boolean isUp() {
        return wal != null;
    }

    Wal wal() {
        if (wal == null) {
            throw new IllegalStateException("node " + id + " is down");
        }
        return wal;
    }

    Map<String, String> state() {
        return data.state;
    }

    /** The records that the log holds one by one, oldest first. */
    List<String> tail() {
        int count = (int) (wal().position() - wal().basePosition());
        List<String> records = data.records;
        return records.subList(records.size() - count, records.size());
    }

    /** Starts, or crashes at it. */
    void start() {
        data = new Replayed();
        try {
            wal = Wal.open(LOG, options(), this);
        } catch (WalException e) {
            if (!crashed) {
                throw e;
            }
            crash();
        }
    }

    private WalOptions options() {
        return WalOptions.DEFAULTS.withFsync(fsync).withFiles(disk);
    }

    /** The process dies, and sometimes the machine with it. */
    void crash() {
        Wal last = wal;
        wal = null;
        crashed = false;
        SimulatedDisk next = random.nextBoolean() ? disk.kill() : disk.powerCut(random);
        if (last != null) {
            last.close();
        }
        endSync();
        disk = next;
    }

    /** The power goes in front of one of the next operations of the disk. */
    void crashSoon() {
        int[] left = {random.nextInt(12)};
        disk.failWith(
                (_, _, bytes) -> {
                    if (left[0]-- <= 0) {
                        crashed = true;
                        throw new IOException("the power goes");
                    }
                    return bytes;
                });
    }

    /** Dies if the power went at the last piece of work. */
    void settle() {
        if (crashed) {
            crash();
        }
    }

    /**
     * Appends a group to the log and waits.
     *
     * @return the position of the last record, or -1 when it was refused
     */
    long append(Map<String, @Nullable String> group) {
        CompletableFuture<Long> done = new CompletableFuture<>();
        wal().append(new Group(group, done));
        return await(done);
    }

    private long await(CompletableFuture<Long> done) {
        try {
            return done.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof WalException) {
                return -1;
            }
            throw e;
        }
    }

    private final class Group implements RecordGroup {

        private final Map<String, @Nullable String> group;
        private final CompletableFuture<Long> done;

        Group(Map<String, @Nullable String> group, CompletableFuture<Long> done) {
            this.group = group;
            this.done = done;
        }

        @Override
        public int count() {
            return group.size();
        }

        @Override
        public int encodedSize() {
            int size = 0;
            for (Map.Entry<String, @Nullable String> each : group.entrySet()) {
                byte[] key = each.getKey().getBytes();
                String value = each.getValue();
                size +=
                        value == null
                                ? Records.deleteSize(key)
                                : Records.putSize(key, value.getBytes());
            }
            return size;
        }

        @Override
        public void encode(ByteBuffer target) {
            group.forEach(
                    (key, value) -> {
                        if (value == null) {
                            Records.delete(target, key.getBytes());
                        } else {
                            Records.put(target, key.getBytes(), value.getBytes());
                        }
                    });
        }

        @Override
        public void committed(long position) {
            group.forEach(
                    (key, value) -> {
                        if (value == null) {
                            delete(key.getBytes());
                        } else {
                            put(key.getBytes(), value.getBytes());
                        }
                    });
            done.complete(position + group.size() - 1);
        }

        @Override
        public void refused(WalException cause) {
            done.completeExceptionally(cause);
        }
    }

    /** Appends a leader's frames and waits; false when they were refused. */
    boolean appendFrames(ByteBuffer frames) {
        CompletableFuture<Long> done = new CompletableFuture<>();
        wal().appendFrames(
                        frames,
                        this,
                        new Outcome() {
                            @Override
                            public void committed(long position) {
                                done.complete(position);
                            }

                            @Override
                            public void refused(WalException cause) {
                                done.completeExceptionally(cause);
                            }
                        });
        return await(done) >= 0;
    }

    /**
     * Rewrites the log, as a compaction does that meets no room, no writer and no crash; or one.
     */
    void compact(long retain) {
        appendFrames(ByteBuffer.allocate(0));
        try {
            wal().compact(this, retain);
        } catch (WalException e) {
            if (!crashed) {
                throw e;
            }
        }
    }

    /** Begins to lead as it did before. */
    void lead() {
        onDisk(() -> wal().startEpoch());
    }

    /** Begins to lead instead of another, later than the epoch that was seen elsewhere. */
    void promote(long seen) {
        long latest = Math.max(seen, wal().epoch());
        onDisk(() -> wal().startEpoch(Replication.outranking(latest)));
    }

    boolean isSyncing() {
        return syncing != null;
    }

    /** Begins to take a leader's log in, of about so many bytes. */
    void beginSync(long total) {
        endSync();
        onDisk(
                () -> {
                    Replayed next = new Replayed();
                    syncing = new Sync(LogIntake.begin(SYNC, options(), next, total), next);
                });
    }

    /** Gives up a sync that is not installed; on a disk that is off, its file stays. */
    void endSync() {
        Sync sync = syncing;
        syncing = null;
        if (sync != null) {
            sync.intake().discard();
        }
    }

    void sync(ByteBuffer bytes) {
        Sync sync = syncing;
        if (sync != null) {
            onDisk(() -> sync.intake().add(bytes, () -> {}));
        }
    }

    /** Puts the synced log in the place of the one that is here, as the store does. */
    void install() {
        Sync sync = syncing;
        Wal old = wal;
        if (sync == null || old == null) {
            throw new IllegalStateException("nothing to install");
        }
        onDisk(
                () -> {
                    Wal next;
                    try {
                        next = sync.intake().finish();
                    } catch (IOException | RuntimeException e) {
                        endSync();
                        throw e;
                    }
                    syncing = null;
                    old.close();
                    try {
                        next.moveTo(LOG);
                    } catch (WalException e) {
                        next.close();
                        throw e;
                    }
                    wal = next;
                    data = sync.data();
                });
    }

    private interface DiskWork {
        void run() throws IOException;
    }

    private void onDisk(DiskWork work) {
        try {
            work.run();
        } catch (IOException | WalException e) {
            if (!crashed) {
                throw e instanceof IOException io ? new UncheckedIOException(io) : (WalException) e;
            }
        }
    }

    /** The epoch of the record at a position. */
    long epochOf(long position) {
        long epoch = 0;
        for (Epoch each : wal().history()) {
            if (each.start() <= position) {
                epoch = each.value();
            }
        }
        return epoch;
    }

    @Override
    public void put(byte[] key, byte[] value) {
        data.put(key, value);
    }

    @Override
    public void delete(byte[] key) {
        data.delete(key);
    }

    @Override
    public void forEach(BiConsumer<byte[], byte[]> entry) {
        data.state.forEach((key, value) -> entry.accept(key.getBytes(), value.getBytes()));
    }

    @Override
    public long encodedSize() {
        return 64L * data.state.size();
    }

    /** Ends the threads of the log and of a sync. */
    void close() {
        endSync();
        if (wal != null) {
            wal.close();
        }
    }
}
