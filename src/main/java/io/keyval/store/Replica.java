package io.keyval.store;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.wal.CorruptLogException;
import io.keyval.wal.LiveRecords;
import io.keyval.wal.LogRefusedException;
import io.keyval.wal.Records;
import io.keyval.wal.SnapshotFile;
import io.keyval.wal.SnapshotHead;
import io.keyval.wal.WalEvents;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Data in memory whose log is kept by somebody else: it executes what that log says, and is written
 * to snapshots and read from them.
 *
 * <p>One thread at a time applies; any thread reads, asks, and writes snapshots meanwhile. Nothing
 * of it is durable but a snapshot. After {@link #close} reads throw an {@link
 * IllegalStateException}, a snapshot that is being written too.
 */
public final class Replica implements AutoCloseable {

    /** The end of the name of a snapshot that is not finished; what has it is of no use. */
    public static final String UNFINISHED_SUFFIX = SnapshotFile.UNFINISHED_SUFFIX;

    private final Keyspace keyspace = new Keyspace();
    private final MemoryBudget budget;
    private final MemoryLimit limit;

    /** Without data. */
    public Replica(MemoryBudget budget) {
        this.budget = budget;
        this.limit = budget.limit(keyspace);
    }

    /**
     * Executes commands in order and answers each. A command that is no write is answered as the
     * data is at its place. Not called side by side with another {@code apply}.
     *
     * @throws RuntimeException when the system gives no memory; what stands before is executed
     */
    public List<Reply> apply(List<Command> batch) {
        if (batch.size() > 1) {
            keyspace.fetch(batch);
        }
        List<Reply> replies = new ArrayList<>(batch.size());
        for (Command command : batch) {
            replies.add(Reads.execute(command, keyspace));
        }
        return replies;
    }

    /**
     * Executes writes as {@link Records} encodes them. Not called side by side with another {@code
     * apply}.
     *
     * @param records read from its position to its end
     * @throws StoreException when they are not {@code count} whole records; what stands before the
     *     bad one is executed
     * @throws RuntimeException when the system gives no memory; what stands before is executed
     */
    public void apply(ByteBuffer records, int count) {
        String wrong = Records.read(records, count, keyspace);
        if (wrong != null) {
            throw new StoreException("An entry cannot be applied: %s.".formatted(wrong));
        }
    }

    /**
     * Answers commands from memory, as it is now; writes with {@link Reply.WriteNotAllowed}. Any
     * thread.
     *
     * @param maxBytes when the values of the replies have come to so many bytes, the rest of the
     *     batch has no reply; there is at least one
     */
    public List<Reply> read(List<Command> batch, long maxBytes) {
        return Reads.answer(batch, maxBytes, keyspace, true);
    }

    /**
     * Whether a put may be written; one that takes no more memory than its key does now always may.
     * Says in the server's log when it may not. Any thread; true a moment ago.
     *
     * @param pendingBytes {@link #footprint} of all that was admitted and is not yet applied
     */
    public boolean admits(Command.Put put, long pendingBytes) {
        return limit.admits(keyspace, put.key(), put.value(), pendingBytes);
    }

    /** Bytes of memory that a put takes. */
    public static long footprint(Command.Put put) {
        return Keyspace.footprint(put.key(), put.value());
    }

    /** Why puts are not admitted, or null when they are. */
    public @Nullable String memoryShortage() {
        return limit.reason(keyspace);
    }

    /** Bytes of memory that the data takes, in use or kept for what comes. */
    public long memory() {
        return keyspace.memory();
    }

    /** Keys that are present. */
    public long keys() {
        return keyspace.size();
    }

    /** About how many bytes of log the live data would take. */
    public long encodedSize() {
        return keyspace.encodedSize();
    }

    /**
     * A number that replicas with the same data share; reads everything. Changes made meanwhile may
     * or may not count.
     */
    public long digest() {
        return keyspace.digest();
    }

    /**
     * Writes a snapshot, in the place of a file that may be there. Applies may go on: of what is
     * applied after the call began, it may hold any part, which is harmless where the log behind
     * the index is applied to it again.
     *
     * <p>The file and its name are on disk when this returns; where it throws, what stands there is
     * whole, or nothing. It is written under another name first, with {@link #UNFINISHED_SUFFIX}.
     *
     * @param term of the entry with this index; at most {@link Integer#MAX_VALUE}
     * @param index 1 or more, of the last entry that was applied before the call
     * @param note given back by {@link #head}; empty is none
     * @throws LogRefusedException when it cannot be written
     * @throws IllegalStateException when this replica is closed meanwhile
     */
    public void writeSnapshot(Path file, long term, long index, byte[] note) {
        SnapshotFile.write(file, term, index, note, keyspace);
    }

    /**
     * Writes the data of several replicas, which have no keys in common, into one file as a
     * snapshot is. Each key is as it was at some moment while this ran. What is on disk when it
     * returns or throws, is as in {@link #writeSnapshot}.
     *
     * @param position 1 or more, told by the file as its own
     * @throws LogRefusedException when it cannot be written
     * @throws IllegalStateException when a replica is closed meanwhile
     */
    public static void writeBackup(Path file, long position, List<Replica> replicas) {
        SnapshotFile.write(
                file,
                0,
                position,
                new byte[0],
                new LiveRecords() {
                    @Override
                    public void forEach(BiConsumer<byte[], byte[]> entry) {
                        replicas.forEach(replica -> replica.keyspace.forEach(entry));
                    }

                    @Override
                    public long encodedSize() {
                        return replicas.stream().mapToLong(Replica::encodedSize).sum();
                    }
                });
    }

    /**
     * What a snapshot says of itself. Finds out that it has its end; {@link #load} checks the rest.
     *
     * @throws CorruptLogException when it is no snapshot, or is not whole
     * @throws StoreException when it cannot be read
     */
    public static SnapshotHead head(Path file) {
        try {
            return SnapshotFile.head(file);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /**
     * The data of a snapshot. All of it is checked.
     *
     * @param events hears how far it is, once a megabyte, and may throw to have it end there
     * @throws CorruptLogException when it is no snapshot, or any of it is damaged or missing
     * @throws StoreException when it cannot be read, or there is no memory for it
     */
    public static Replica load(Path file, MemoryBudget budget, WalEvents events) {
        Replica replica = new Replica(budget);
        try {
            SnapshotFile.read(file, replica.keyspace, events);
            return replica;
        } catch (IOException e) {
            replica.close();
            throw unreadable(file, e);
        } catch (MemoryExhaustedException e) {
            replica.close();
            throw new StoreException(
                    "The snapshot %s cannot be loaded. %s Use a machine or container with more memory."
                            .formatted(file, e.getMessage()));
        } catch (RuntimeException | Error e) {
            replica.close();
            throw e;
        }
    }

    private static StoreException unreadable(Path file, IOException cause) {
        return new StoreException(
                "The snapshot %s cannot be read: %s.".formatted(file, cause.getMessage()));
    }

    /** Gives the memory back. Not called while something is applied. */
    @Override
    public void close() {
        budget.leave(keyspace);
        keyspace.close();
    }
}
