package io.keyval.cluster;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.store.Replica;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.statemachine.TransactionContext;
import org.jspecify.annotations.Nullable;

/** An entry on its way through this node's own log, with all that the log does not hold of it. */
final class Submitted {

    private final Entry entry;
    private final List<Command> commands;
    private final BitSet refused;
    private final long memory;

    private volatile @Nullable TransactionContext appended;

    private Submitted(Entry entry, List<Command> commands, BitSet refused, long memory) {
        this.entry = entry;
        this.commands = commands;
        this.refused = refused;
        this.memory = memory;
    }

    /**
     * Decides which puts of an entry there is memory for; the others are answered with a failure.
     *
     * @param pendingMemory bytes that the puts of entries under way take
     */
    static Submitted of(Entry entry, Replica replica, long pendingMemory) {
        List<Command> commands = new ArrayList<>(entry.commands());
        BitSet refused = new BitSet();
        long memory = 0;
        for (Part part : entry.parts()) {
            for (Command command : part.commands()) {
                if (command instanceof Command.Put put) {
                    if (replica.admits(put, pendingMemory + memory)) {
                        memory += Replica.footprint(put);
                    } else {
                        refused.set(commands.size());
                    }
                }
                commands.add(command);
            }
        }
        return new Submitted(entry, commands, refused, memory);
    }

    Entry entry() {
        return entry;
    }

    /** Bytes of memory that its puts take. */
    long memory() {
        return memory;
    }

    /** What goes into the log. */
    byte[] encode() {
        return EntryCodec.encode(commands, refused);
    }

    /** The log takes it from here on: whatever fails now, it may be executed. */
    void appending(TransactionContext context) {
        appended = context;
    }

    /** Whether the log may hold it. */
    boolean isAppended() {
        return appended != null;
    }

    /** Where it stands in the log; {@link Long#MAX_VALUE} where that is not known. */
    long index() {
        TransactionContext context = appended;
        LogEntryProto inLog = context == null ? null : context.getLogEntry();
        return inLog == null ? Long.MAX_VALUE : inLog.getIndex();
    }

    /** Executes all commands in order, and answers the parts unless they were given up. */
    void execute(Replica replica) {
        List<Part> parts = entry.parts();
        List<List<Reply>> answers = new ArrayList<>(parts.size());
        int from = 0;
        while (from < parts.size()) {
            if (parts.get(from).mayEndEarly()) {
                Part part = parts.get(from++);
                answers.add(replica.read(part.commands(), part.maxBytes()));
            } else {
                int to = from + 1;
                while (to < parts.size() && !parts.get(to).mayEndEarly()) {
                    to++;
                }
                executeWhole(replica, parts, from, to, answers);
                from = to;
            }
        }
        if (entry.decide(Entry.Fate.APPLIED)) {
            for (int i = 0; i < parts.size(); i++) {
                parts.get(i).answer(answers.get(i));
            }
        }
    }

    /** Executes parts that are answered as a whole, in one go. */
    private void executeWhole(
            Replica replica, List<Part> parts, int from, int to, List<List<Reply>> answers) {
        int first = 0;
        for (int i = 0; i < from; i++) {
            first += parts.get(i).commands().size();
        }
        int end = first;
        for (int i = from; i < to; i++) {
            end += parts.get(i).commands().size();
        }
        List<Reply> replies = execute(replica, first, end);
        int at = 0;
        for (int i = from; i < to; i++) {
            int size = parts.get(i).commands().size();
            answers.add(replies.subList(at, at + size));
            at += size;
        }
    }

    private List<Reply> execute(Replica replica, int first, int end) {
        if (refused.isEmpty()) {
            return replica.apply(commands.subList(first, end));
        }
        List<Command> admitted = new ArrayList<>();
        for (int i = first; i < end; i++) {
            if (!refused.get(i)) {
                admitted.add(commands.get(i));
            }
        }
        List<Reply> done = admitted.isEmpty() ? List.of() : replica.apply(admitted);
        List<Reply> replies = new ArrayList<>(end - first);
        int next = 0;
        for (int i = first; i < end; i++) {
            replies.add(refused.get(i) ? Reply.FAILED : done.get(next++));
        }
        return replies;
    }
}
