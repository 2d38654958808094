package io.keyval.store;

import io.keyval.wal.DataDirectory;
import io.keyval.wal.FsyncPolicy;
import io.keyval.wal.LogReplay;
import io.keyval.wal.WalEvents;
import io.keyval.wal.WalFiles;
import io.keyval.wal.WalOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log into memory while the rest of the node is made, so that {@link KeyValueStore} finds
 * it done, or begun, when it starts. Holds the data directory, and changes no log in it. Whatever
 * goes wrong is told to whoever takes it. Thread-safe.
 */
public final class EarlyReplay {

    /**
     * What was read.
     *
     * @param directory held
     * @param log null where there is none
     * @param nanos how long it took
     */
    record Result(DataDirectory directory, Keyspace keyspace, @Nullable LogReplay log, long nanos) {

        void close() {
            if (log != null) {
                log.close();
            }
            keyspace.close();
            directory.close();
        }
    }

    private final Path directory;
    private final String logName;
    private final ReplayWatch watch = new ReplayWatch();
    private final WalEventLog told = new WalEventLog();
    private final FutureTask<Result> task = new FutureTask<>(this::read);

    private EarlyReplay(Path directory, String logName) {
        this.directory = directory;
        this.logName = logName;
    }

    /**
     * Begins to read, on a thread of its own.
     *
     * @param id this node's; only a follower's counts
     * @return null where there is no log to read; nothing has been created then
     */
    public static @Nullable EarlyReplay begin(Path directory, boolean follower, long id) {
        String logName = follower ? StoreSettings.followerLog(id) : StoreSettings.LEADER_LOG;
        if (!Files.isRegularFile(directory.resolve(logName))) {
            return null;
        }
        EarlyReplay early = new EarlyReplay(directory, logName);
        Thread.ofPlatform().daemon().name("replay").start(early.task);
        return early;
    }

    private Result read() throws IOException {
        long begun = System.nanoTime();
        DataDirectory held = DataDirectory.open(directory);
        Keyspace keyspace = new Keyspace();
        try {
            Path log = held.log(logName);
            watch.begin(Files.size(log));
            WalOptions options =
                    new WalOptions(
                            FsyncPolicy.NEVER,
                            0,
                            new WalEvents() {
                                @Override
                                public void replaying(
                                        Path file, long records, long bytes, long totalBytes) {
                                    watch.replaying(file, records, bytes, totalBytes);
                                    if (bytes < totalBytes) {
                                        told.replaying(file, records, bytes, totalBytes);
                                    }
                                }
                            },
                            WalFiles.DISK,
                            false);
            LogReplay read = LogReplay.of(log, options, keyspace);
            return new Result(held, keyspace, read, System.nanoTime() - begun);
        } catch (Throwable e) {
            keyspace.close();
            held.close();
            throw e;
        }
    }

    /** How far it is. */
    Replay progress() {
        return watch.progress();
    }

    /** Ends the reading soon; then it has failed. */
    void giveUp() {
        watch.giveUp();
    }

    /**
     * Waits until all is read, tells of it in the server's log, and hands it over; to be called
     * once.
     *
     * @throws io.keyval.wal.WalException when it cannot be read
     * @throws MemoryExhaustedException when it does not fit
     * @throws ReplayAbandonedException when it was given up
     */
    Result take() throws IOException {
        Result result = await();
        if (result.log() != null) {
            Replay all = watch.progress();
            Path log = directory.resolve(logName);
            told.replayed(log, all.records(), all.bytes(), result.nanos());
        }
        return result;
    }

    private Result await() throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    // Spring takes a start that waits without a time for stuck, and ends without
                    // it.
                    return task.get(1, TimeUnit.SECONDS);
                } catch (TimeoutException e) {
                    continue;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    switch (e.getCause()) {
                        case IOException cause -> throw cause;
                        case RuntimeException cause -> throw cause;
                        case Error cause -> throw cause;
                        default -> throw new IllegalStateException(e.getCause());
                    }
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Ends the reading and lets go of everything; where nobody takes it. Waits until that is so.
     */
    void abandon() {
        giveUp();
        try {
            await().close();
        } catch (IOException | RuntimeException e) {
            // It has let go of everything itself.
        }
    }
}
