package io.keyval.store;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.wal.RecordGroup;
import io.keyval.wal.Records;
import io.keyval.wal.WalException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A batch with writes on its way through the log. When the writes are durable, the whole batch is
 * executed against the keyspace in its order, on the log's writer thread, so that the order in the
 * log, in memory and in the replies is one. Puts for which there is no memory are not logged.
 */
final class WriteGroup implements RecordGroup {

    private final List<Command> batch;
    private final Keyspace keyspace;
    private final Confirmation confirmation;
    private final MemoryLimit limit;

    /** Bytes of memory that the puts take. */
    private final long memory;

    /** The indexes of puts that found no memory. */
    private final BitSet refused = new BitSet();

    private final CompletableFuture<List<Reply>> replies = new CompletableFuture<>();
    private final int count;
    private final int encodedSize;

    WriteGroup(
            List<Command> batch, Keyspace keyspace, Confirmation confirmation, MemoryLimit limit) {
        this.batch = batch;
        this.keyspace = keyspace;
        this.confirmation = confirmation;
        this.limit = limit;
        int writes = 0;
        int bytes = 0;
        long needed = 0;
        for (int i = 0; i < batch.size(); i++) {
            switch (batch.get(i)) {
                case Command.Put put -> {
                    if (limit.admits(keyspace, put.key(), put.value(), needed)) {
                        needed += Keyspace.footprint(put.key(), put.value());
                        writes++;
                        bytes += Records.putSize(put.key(), put.value());
                    } else {
                        refused.set(i);
                    }
                }
                case Command.Delete delete -> {
                    writes++;
                    bytes += Records.deleteSize(delete.key());
                }
                case Command.Get _, Command.Ping _, Command.Close _, Command.Invalid _ -> {}
            }
        }
        this.count = writes;
        this.encodedSize = bytes;
        this.memory = needed;
        limit.admitted(needed);
    }

    CompletableFuture<List<Reply>> replies() {
        return replies;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public int encodedSize() {
        return encodedSize;
    }

    @Override
    public void encode(ByteBuffer target) {
        for (int i = 0; i < batch.size(); i++) {
            switch (batch.get(i)) {
                case Command.Put put -> {
                    if (!refused.get(i)) {
                        Records.put(target, put.key(), put.value());
                    }
                }
                case Command.Delete delete -> Records.delete(target, delete.key());
                case Command.Get _, Command.Ping _, Command.Close _, Command.Invalid _ -> {}
            }
        }
    }

    @Override
    public void committed(long firstPosition) {
        List<Reply> answers = new ArrayList<>(batch.size());
        if (batch.size() > 1) {
            keyspace.fetch(batch);
        }
        try {
            for (int i = 0; i < batch.size(); i++) {
                answers.add(refused.get(i) ? Reply.FAILED : Reads.execute(batch.get(i), keyspace));
            }
        } catch (RuntimeException | Error e) {
            // The log says more than memory holds: it must take nothing more, as after a failure.
            refuse();
            throw e;
        }
        limit.arrived(memory);
        confirmation.confirm(
                firstPosition + count - 1,
                confirmed -> replies.complete(confirmed ? answers : unconfirmed(answers)));
    }

    /** The writes are on disk here, but too few followers have them. */
    private List<Reply> unconfirmed(List<Reply> answers) {
        for (int i = 0; i < answers.size(); i++) {
            if (batch.get(i) instanceof Command.Write) {
                answers.set(i, Reply.FAILED);
            }
        }
        return answers;
    }

    @Override
    public void refused(WalException cause) {
        refuse();
    }

    /**
     * Answers every write with a failure, and the rest as memory has it now; GET with a failure,
     * too, where a full sync has taken that memory away.
     */
    CompletableFuture<List<Reply>> refuse() {
        limit.arrived(memory);
        List<Reply> answers = new ArrayList<>(batch.size());
        for (Command command : batch) {
            answers.add(command instanceof Command.Write ? Reply.FAILED : answer(command));
        }
        replies.complete(answers);
        return replies;
    }

    private Reply answer(Command command) {
        try {
            return Reads.answer(command, keyspace);
        } catch (IllegalStateException e) {
            return Reply.FAILED;
        }
    }
}
