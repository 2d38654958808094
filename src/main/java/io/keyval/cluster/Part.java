package io.keyval.cluster;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.wal.Records;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Commands of one connection for one shard, on their way to be executed: GET, PUT and DELETE only.
 * The future is completed once, by any thread, and never exceptionally.
 */
final class Part {

    private final List<Command> commands;
    private final long maxBytes;
    private final long deadline;
    private final boolean mayForward;
    private final boolean writes;
    private final int bytes;
    private final long replyBytes;
    private final boolean mayEndEarly;
    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

    /**
     * A part that waits.
     *
     * @param commands not empty; not changed afterwards
     * @param maxBytes when values of replies have come to so many bytes, a part without writes ends
     * @param deadline the {@link System#nanoTime} after which it need not be begun
     * @param mayForward whether another node may be asked to execute it
     * @param maxValueSize bytes of the largest value that a GET can find
     */
    Part(
            List<Command> commands,
            long maxBytes,
            long deadline,
            boolean mayForward,
            long maxValueSize) {
        this.commands = commands;
        this.maxBytes = maxBytes;
        this.deadline = deadline;
        this.mayForward = mayForward;
        boolean writes = false;
        int bytes = 0;
        int reads = 0;
        for (Command command : commands) {
            bytes += size(command);
            if (command instanceof Command.Write) {
                writes = true;
            } else {
                reads++;
            }
        }
        this.writes = writes;
        this.bytes = bytes;
        this.mayEndEarly = !writes && reads > 1 && reads * maxValueSize > maxBytes;
        this.replyBytes = mayEndEarly ? maxBytes + maxValueSize : reads * maxValueSize;
    }

    /** About how many bytes a command takes in an entry, or on its way to another node. */
    static int size(Command command) {
        return switch (command) {
            case Command.Put put -> Records.putSize(put.key(), put.value());
            case Command.Delete delete -> Records.deleteSize(delete.key());
            case Command.Get get -> get.key().length + 8;
            case Command.Ping _, Command.Close _, Command.Invalid _ -> 1;
        };
    }

    List<Command> commands() {
        return commands;
    }

    long maxBytes() {
        return maxBytes;
    }

    long deadline() {
        return deadline;
    }

    boolean mayForward() {
        return mayForward;
    }

    boolean hasWrites() {
        return writes;
    }

    /** Whether it is to end when the values of its replies have come to {@link #maxBytes}. */
    boolean mayEndEarly() {
        return mayEndEarly;
    }

    int bytes() {
        return bytes;
    }

    /** The most bytes that the values of its replies can come to. */
    long replyBytes() {
        return replyBytes;
    }

    CompletableFuture<Outcome> outcome() {
        return outcome;
    }

    void answer(List<Reply> replies) {
        outcome.complete(new Outcome.Answered(replies));
    }

    /** Ends it so, and answers whether it had not ended before. */
    boolean end(Outcome how) {
        return outcome.complete(how);
    }

    /** Whether its outcome is known, and nothing more is to be done. */
    boolean isEnded() {
        return outcome.isDone();
    }
}
