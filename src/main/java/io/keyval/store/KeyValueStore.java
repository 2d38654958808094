package io.keyval.store;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.wal.CompactionResult;
import io.keyval.wal.DataDirectory;
import io.keyval.wal.FsyncPolicy;
import io.keyval.wal.LogFailedException;
import io.keyval.wal.LogId;
import io.keyval.wal.LogIntake;
import io.keyval.wal.LogReplay;
import io.keyval.wal.Outcome;
import io.keyval.wal.Wal;
import io.keyval.wal.WalEvents;
import io.keyval.wal.WalException;
import io.keyval.wal.WalFiles;
import io.keyval.wal.WalOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Service;

/**
 * The data of this node: executes commands, log first, then memory, then the reply.
 *
 * <p>Opens and replays the log when it starts and seals it when it stops, before and after
 * everything that talks to a network. Thread-safe.
 */
@Service
@Profile("!cluster")
public class KeyValueStore implements Store, SmartLifecycle, DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(KeyValueStore.class);

    private static final long PENDING_BYTES = 64L << 20;

    /** A log and the memory it led to; replaced together. */
    private record Data(Wal wal, Keyspace keyspace) {}

    private final StoreSettings settings;
    private final WalOptions options;
    private final ReplayWatch replay = new ReplayWatch();
    private final Compactor compactor;
    private final LogWatch watch = new LogWatch(this::wal);
    private final MemoryLimit memoryLimit;
    private final Object change = new Object();

    /** What reads the log until {@link #start} takes it. */
    private volatile @Nullable EarlyReplay early;

    private volatile @Nullable DataDirectory directory;
    private volatile @Nullable Data data;
    private volatile Role role;
    private volatile Confirmation confirmation = Confirmation.IMMEDIATE;
    private volatile BooleanSupplier readable = () -> true;

    KeyValueStore(StoreSettings settings, ObjectProvider<WalEvents> events) {
        this.settings = settings;
        this.options =
                new WalOptions(
                        settings.fsync(),
                        PENDING_BYTES,
                        new EventFan(
                                Stream.concat(Stream.of(replay), events.orderedStream()).toList()),
                        WalFiles.DISK,
                        true);
        this.role = settings.role();
        this.memoryLimit = new MemoryLimit(settings.maxMemory(), Runtime.getRuntime().maxMemory());
        this.compactor = new Compactor(settings, this::compact);
    }

    /** Goes on, at its start, with a log that is being read already. Called before the start. */
    void goOnWith(EarlyReplay reading) {
        early = reading;
        if (replay.isGivenUp()) {
            reading.giveUp();
        }
    }

    /**
     * Executes a batch of one connection's commands, in order.
     *
     * <p>Completes with one reply a command, in the order of the commands, once every write of the
     * batch is durable by the fsync policy. A read behind a write of the same batch sees it. The
     * caller sends the next batch of a connection only when this one has completed, so a connection
     * sees its own writes. May be called by any thread; never waits for the log; {@link #isFull}
     * says when it should not be called. Never completes exceptionally: what fails is a {@link
     * Reply.Failed}, a PUT that finds no memory too.
     *
     * @param batch not empty; not changed afterwards
     */
    public CompletionStage<List<Reply>> execute(List<Command> batch) {
        return execute(batch, Long.MAX_VALUE);
    }

    /**
     * Executes a batch as {@link #execute(List)} does, but of a batch without writes only its
     * beginning, when the values of the replies have come to so many bytes: there are fewer replies
     * than commands then, and at least one.
     */
    @Override
    public CompletionStage<List<Reply>> execute(List<Command> batch, long maxBytes) {
        Data now = data();
        if (role == Role.LEADER && hasWrites(batch)) {
            WriteGroup group = new WriteGroup(batch, now.keyspace(), confirmation, memoryLimit);
            if (group.count() == 0) {
                return group.refuse();
            }
            now.wal().append(group);
            compactor.consider(now.wal().size(), now.keyspace().encodedSize());
            return group.replies();
        }
        return CompletableFuture.completedStage(read(batch, maxBytes));
    }

    @Override
    public boolean isFull(List<Command> batch) {
        Data now = data;
        return now != null && now.wal().isFull() && hasWrites(batch);
    }

    private static boolean hasWrites(List<Command> batch) {
        for (Command command : batch) {
            if (command instanceof Command.Write) {
                return true;
            }
        }
        return false;
    }

    private List<Reply> read(List<Command> batch, long maxBytes) {
        while (true) {
            Data now = data();
            try {
                return Reads.answer(batch, maxBytes, now.keyspace(), readable.getAsBoolean());
            } catch (IllegalStateException e) {
                if (now == data) {
                    throw e;
                }
                // A full sync has put other data in the place of these meanwhile.
            }
        }
    }

    /** What this node does at the moment. */
    public Role role() {
        return role;
    }

    /**
     * Makes this node the leader: begins a new epoch, which is on disk when this returns, then
     * takes writes.
     *
     * @param seen the value of the latest epoch that is known from elsewhere, 0 when there is none;
     *     the new one is later
     * @throws WalException when the epoch cannot be written; the role is then as it was
     */
    public void lead(long seen) {
        synchronized (change) {
            data().wal().startEpoch(seen);
            role = Role.LEADER;
        }
    }

    /** Stops taking writes. When this returns, writes that were taken before are in the log. */
    public void follow() {
        synchronized (change) {
            Wal log = wal();
            role = Role.FOLLOWER;
            try {
                log.settle();
            } catch (LogFailedException e) {
                // It was told when the log failed; what waited was refused.
            }
        }
    }

    /** Decides from now on when writes may be acknowledged. */
    public void confirmWith(Confirmation other) {
        confirmation = other;
    }

    /** Decides from now on whether GET may be answered at all; called for every batch. */
    public void readableWhile(BooleanSupplier condition) {
        readable = condition;
    }

    /**
     * The log of this node, to read and to ask. A full sync replaces it: do not keep it longer than
     * one piece of work.
     *
     * @throws StoreException before the log is replayed
     */
    public Wal wal() {
        return data().wal();
    }

    /**
     * Appends frames of the leader's log: logged, then applied, then told to {@code outcome}.
     *
     * @see Wal#appendFrames
     */
    public void appendFrames(ByteBuffer frames, Outcome outcome) {
        Data now = data();
        now.wal().appendFrames(frames, now.keyspace(), outcome);
        compactor.consider(now.wal().size(), now.keyspace().encodedSize());
    }

    /** Where a full sync writes the leader's log until it is whole. */
    public Path syncFile() {
        Path log = wal().file();
        return log.resolveSibling(settings.logName() + Wal.SYNC_SUFFIX);
    }

    /**
     * Begins to take a leader's log in, into {@link #syncFile}.
     *
     * @param total bytes to come, about
     * @throws IOException when the file cannot be created, or there is no room for it
     */
    public FullSync beginSync(long total) throws IOException {
        Keyspace keyspace = new Keyspace();
        try {
            return new FullSync(LogIntake.begin(syncFile(), options, keyspace, total), keyspace);
        } catch (IOException | RuntimeException e) {
            keyspace.close();
            throw e;
        }
    }

    /**
     * Finishes a full sync, puts its log in the place of this node's in one step, and serves it
     * from then on. Until then, and when this fails, everything is as it was; then the log that
     * stays is opened and replayed again if it was closed already.
     *
     * @param setAside keeps the log that is replaced, under the name that is returned
     * @return where the replaced log is now, or null when it is gone
     * @throws IOException when what came cannot be written
     * @throws WalException when it is damaged or cannot be put in place
     */
    public @Nullable Path install(FullSync sync, boolean setAside) throws IOException {
        Wal synced;
        try {
            synced = sync.finish();
        } catch (IOException | RuntimeException e) {
            sync.discard();
            throw e;
        }
        Data next = new Data(synced, sync.keyspace());
        synchronized (change) {
            try {
                Path log = data().wal().file();
                Path aside = setAside ? keepAside(log, data().wal().id()) : null;
                replaceWith(next, log);
                return aside;
            } catch (RuntimeException e) {
                next.wal().close();
                next.keyspace().close();
                throw e;
            }
        }
    }

    /** The old log is closed first: a compaction of it must not take the place of the next one. */
    private void replaceWith(Data next, Path log) {
        Wal old = data().wal();
        old.close();
        try {
            next.wal().moveTo(log);
            serve(next);
        } catch (RuntimeException e) {
            if (old.failure() == null) {
                reopen(log, e);
            }
            throw e;
        }
    }

    /** Readers of what was served before turn to these, see {@link #read}. */
    private void serve(Data next) {
        Data before = data();
        data = next;
        before.keyspace().close();
    }

    private void reopen(Path log, RuntimeException reason) {
        try {
            serve(open(log));
        } catch (RuntimeException e) {
            reason.addSuppressed(e);
        }
    }

    private Data open(Path log) {
        Keyspace keyspace = new Keyspace();
        try {
            return new Data(Wal.open(log, options, keyspace), keyspace);
        } catch (MemoryExhaustedException e) {
            keyspace.close();
            throw tooLarge(log, e);
        } catch (RuntimeException e) {
            keyspace.close();
            throw e;
        }
    }

    static StoreException tooLarge(Path log, MemoryExhaustedException cause) {
        return new StoreException(
                "The log %s cannot be replayed. %s Use a machine or container with more memory."
                        .formatted(log, cause.getMessage()));
    }

    private Path keepAside(Path log, LogId id) {
        String stem = log.getFileName() + ".replaced-" + id.toString().substring(0, 8);
        Path aside = log.resolveSibling(stem);
        for (int i = 1; options.files().exists(aside); i++) {
            aside = log.resolveSibling(stem + "-" + i);
        }
        try {
            options.files().link(log, aside);
            options.files().syncDirectory(aside.toAbsolutePath().getParent());
        } catch (IOException e) {
            throw new StoreException(
                    "The log %s could not be kept as %s: %s."
                            .formatted(log, aside, e.getMessage()));
        }
        return aside;
    }

    /**
     * Rewrites the log with the live data alone, while reads and writes go on. Blocks until done.
     *
     * @throws WalException when it could not be done; the log is as it was
     */
    public CompactionResult compact() {
        Data now = data();
        return now.wal().compact(now.keyspace(), settings.retain(now.keyspace().encodedSize()));
    }

    /** Bytes of memory that the data takes, in use or kept for what comes. */
    public long memory() {
        Data now = data;
        return now == null ? 0 : now.keyspace().memory();
    }

    /** Bytes of memory that the data may take; {@link Long#MAX_VALUE} when there is no bound. */
    public long maxMemory() {
        return memoryLimit.most();
    }

    /** Why writes that need more memory are refused, or null when they are not. */
    public @Nullable String memoryShortage() {
        return memoryLimit.reason(data().keyspace());
    }

    /** Keys that are present. */
    public long keys() {
        Data now = data;
        return now == null ? 0 : now.keyspace().size();
    }

    /** About how many bytes of log the live data would take. */
    public long liveBytes() {
        return data().keyspace().encodedSize();
    }

    /** A number that nodes with the same data share; reads everything. */
    public long digest() {
        while (true) {
            Data now = data();
            try {
                return now.keyspace().digest();
            } catch (IllegalStateException e) {
                if (now == data) {
                    throw e;
                }
                // A full sync has put other data in the place of these meanwhile.
            }
        }
    }

    /** How far the latest replay is, or has come: at start, and behind each full sync. */
    public Replay replay() {
        EarlyReplay reading = early;
        return reading == null ? replay.progress() : reading.progress();
    }

    /**
     * Ends what takes long, soon: a replay, a compaction, a copy of the log. They fail, now and
     * from now on, and change nothing. To be called when the process is about to end; returns at
     * once.
     */
    @Override
    public void prepareToStop() {
        replay.giveUp();
        EarlyReplay reading = early;
        if (reading != null) {
            reading.giveUp();
        }
        Data now = data;
        if (now != null) {
            now.wal().giveUpCopies();
        }
    }

    @EventListener(ContextClosedEvent.class)
    void closing() {
        prepareToStop();
    }

    /** Whether the log is open and replayed. */
    public boolean isOpen() {
        return data != null;
    }

    /** When writes are forced. */
    public FsyncPolicy fsyncPolicy() {
        return settings.fsync();
    }

    /** The data directory. */
    public Path dataDirectory() {
        return settings.dataDirectory();
    }

    private Data data() {
        Data now = data;
        if (now == null) {
            throw new StoreException(replay().toString());
        }
        return now;
    }

    @Override
    public void start() {
        EarlyReplay reading = early;
        try {
            if (reading == null) {
                start(DataDirectory.open(settings.dataDirectory()), null);
            } else {
                goOn(reading);
            }
        } catch (ReplayAbandonedException e) {
            log.info("{}", e.getMessage());
            throw e;
        } finally {
            early = null;
        }
    }

    private void goOn(EarlyReplay reading) {
        Path file = settings.dataDirectory().resolve(settings.logName());
        EarlyReplay.Result read;
        try {
            read = reading.take();
        } catch (MemoryExhaustedException e) {
            throw tooLarge(file, e);
        } catch (IOException e) {
            throw new StoreException(
                    "The log %s cannot be read: %s.".formatted(file, e.getMessage()));
        }
        replay.goOnFrom(reading.progress());
        start(read.directory(), read);
    }

    /**
     * Opens the log and begins to write it.
     *
     * @param read what an early replay has read already, or null
     */
    private void start(DataDirectory held, EarlyReplay.@Nullable Result read) {
        Data opened = null;
        try {
            if (role == Role.LEADER) {
                held.refuseToBeginBesideAnother(settings.logName());
            }
            Path log = held.log(settings.logName());
            if (read == null || read.log() == null) {
                replay.begin(Files.exists(log) ? Files.size(log) : 0);
                opened = open(log);
            } else {
                opened = open(read);
            }
            if (role == Role.LEADER) {
                opened.wal().startEpoch();
            }
        } catch (IOException e) {
            held.close();
            throw new StoreException(
                    "The log %s cannot be read: %s."
                            .formatted(held.log(settings.logName()), e.getMessage()));
        } catch (RuntimeException e) {
            if (opened != null) {
                opened.wal().close();
            }
            held.close();
            throw e;
        }
        data = opened;
        directory = held;
        compactor.start();
        watch.start();
    }

    private Data open(EarlyReplay.Result read) {
        LogReplay log = read.log();
        assert log != null;
        try {
            return new Data(Wal.open(log, options), read.keyspace());
        } catch (RuntimeException e) {
            read.keyspace().close();
            throw e;
        }
    }

    @Override
    public void destroy() {
        EarlyReplay reading = early;
        if (reading != null) {
            reading.abandon();
        }
    }

    @Override
    public void stop() {
        watch.stop();
        compactor.stop();
        synchronized (change) {
            Data now = data;
            DataDirectory held = directory;
            if (now != null && held != null) {
                now.wal().close();
                held.close();
                directory = null;
            }
        }
    }

    @Override
    public boolean isRunning() {
        return directory != null;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
