package io.keyval.cluster;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.store.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Executes commands on whichever nodes lead the shards of their keys. Thread-safe; never blocks.
 */
public final class ClusterStore implements Store {

    /** Bytes of values that the reads among writes can come to. */
    private static final long MAX_READ_BYTES = 16 << 20;

    private final RaftNode node;
    private final ClusterSettings settings;
    private final int maxReadsAmongWrites;

    ClusterStore(RaftNode node) {
        this.node = node;
        this.settings = node.settings();
        this.maxReadsAmongWrites =
                Math.clamp(MAX_READ_BYTES / Math.max(1, settings.maxValueSize()), 1, 64);
    }

    @Override
    public CompletionStage<List<Reply>> execute(List<Command> batch, long maxBytes) {
        List<ShardGroup> groups = node.groups();
        if (groups.isEmpty()) {
            return CompletableFuture.completedStage(failAll(batch));
        }
        int size = beginning(batch);
        List<Command> commands = size == batch.size() ? batch : batch.subList(0, size);
        long deadline = System.nanoTime() + settings.requestTimeout().toNanos();
        if (groups.size() == 1 && allHaveKeys(commands)) {
            Part part = part(commands, maxBytes, deadline);
            groups.getFirst().execute(part);
            return part.outcome().thenApply(outcome -> replies(part.commands(), outcome));
        }
        return spread(commands, maxBytes, deadline, groups);
    }

    /** How many commands of a batch fit into one entry, and their replies into memory. */
    private int beginning(List<Command> batch) {
        long bytes = 0;
        int reads = 0;
        boolean writes = false;
        int size = 0;
        for (Command command : batch) {
            bytes += Part.size(command);
            if (command instanceof Command.Write) {
                writes = true;
            } else if (command instanceof Command.Get) {
                reads++;
            }
            if (size > 0
                    && (size == Batcher.MAX_COMMANDS
                            || bytes > Batcher.MAX_BYTES
                            || writes && reads > maxReadsAmongWrites)) {
                return size;
            }
            size++;
        }
        return size;
    }

    private static boolean allHaveKeys(List<Command> commands) {
        for (Command command : commands) {
            if (key(command) == null) {
                return false;
            }
        }
        return true;
    }

    private static byte @Nullable [] key(Command command) {
        return switch (command) {
            case Command.Get get -> get.key();
            case Command.Write write -> write.key();
            case Command.Ping _, Command.Close _, Command.Invalid _ -> null;
        };
    }

    private Part part(List<Command> commands, long maxBytes, long deadline) {
        return new Part(commands, maxBytes, deadline, settings.forward(), settings.maxValueSize());
    }

    /** Executes commands of several shards side by side, and those of no shard here. */
    private CompletionStage<List<Reply>> spread(
            List<Command> commands, long maxBytes, long deadline, List<ShardGroup> groups) {
        @Nullable Reply[] replies = new Reply[commands.size()];
        List<List<Integer>> places = new ArrayList<>();
        groups.forEach(_ -> places.add(new ArrayList<>()));
        boolean writes = false;
        for (int i = 0; i < replies.length; i++) {
            Command command = commands.get(i);
            byte[] key = key(command);
            if (key == null) {
                replies[i] = answer(command);
            } else {
                places.get(Slots.shard(key, groups.size())).add(i);
                writes |= command instanceof Command.Write;
            }
        }
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int shard = 0; shard < groups.size(); shard++) {
            List<Integer> of = places.get(shard);
            if (!of.isEmpty()) {
                // What is cut off is asked for again, so that nothing may be behind a cut but
                // reads.
                Part part =
                        part(
                                of.stream().map(commands::get).toList(),
                                writes ? Long.MAX_VALUE : maxBytes,
                                deadline);
                groups.get(shard).execute(part);
                all.add(part.outcome().thenAccept(outcome -> put(replies, of, part, outcome)));
            }
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                .thenApply(_ -> upToTheFirstGap(replies));
    }

    private void put(@Nullable Reply[] replies, List<Integer> places, Part part, Outcome outcome) {
        List<Reply> answers = replies(part.commands(), outcome);
        for (int i = 0; i < answers.size(); i++) {
            replies[places.get(i)] = answers.get(i);
        }
    }

    private static List<Reply> upToTheFirstGap(@Nullable Reply[] replies) {
        List<Reply> answered = new ArrayList<>(replies.length);
        for (Reply reply : replies) {
            if (reply == null) {
                break;
            }
            answered.add(reply);
        }
        return answered;
    }

    private List<Reply> replies(List<Command> commands, Outcome outcome) {
        return switch (outcome) {
            case Outcome.Answered(List<Reply> replies) -> replies;
            case Outcome.NotLeader _ -> refuse(commands);
            case Outcome.Late _, Outcome.Unknown _ -> failAll(commands);
        };
    }

    private static List<Reply> refuse(List<Command> commands) {
        List<Reply> replies = new ArrayList<>(commands.size());
        for (Command command : commands) {
            replies.add(
                    command instanceof Command.Write ? Reply.WRITE_NOT_ALLOWED : answer(command));
        }
        return replies;
    }

    private static List<Reply> failAll(List<Command> commands) {
        return commands.stream().map(ClusterStore::answer).toList();
    }

    /** The answer to a command of no shard; a failure to the others. */
    private static Reply answer(Command command) {
        return switch (command) {
            case Command.Ping _ -> Reply.PONG;
            case Command.Close _ -> Reply.BYE;
            case Command.Invalid _ -> Reply.INVALID_COMMAND;
            case Command.Get _, Command.Write _ -> Reply.FAILED;
        };
    }

    @Override
    public boolean isFull(List<Command> batch) {
        for (ShardGroup group : node.groups()) {
            if (group.batcher().isFull()) {
                return true;
            }
        }
        return false;
    }
}
