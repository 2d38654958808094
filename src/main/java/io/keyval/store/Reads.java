package io.keyval.store;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import java.util.ArrayList;
import java.util.List;

/** Answers commands from a keyspace. */
final class Reads {

    private Reads() {}

    /** The answer to a command that changes nothing. */
    static Reply answer(Command command, Keyspace keyspace) {
        return switch (command) {
            case Command.Get get -> {
                byte[] value = keyspace.get(get.key());
                yield value == null ? Reply.MISS : new Reply.Value(value);
            }
            case Command.Ping _ -> Reply.PONG;
            case Command.Close _ -> Reply.BYE;
            case Command.Invalid _ -> Reply.INVALID_COMMAND;
            case Command.Write _ -> Reply.WRITE_NOT_ALLOWED;
        };
    }

    /**
     * The answers to a batch, or to its beginning, of at least one command, when the values have
     * come to so many bytes.
     *
     * @param readable whether GET may be answered
     */
    static List<Reply> answer(
            List<Command> batch, long maxBytes, Keyspace keyspace, boolean readable) {
        if (batch.size() > 1) {
            keyspace.fetch(batch);
        }
        List<Reply> replies = new ArrayList<>(batch.size());
        long bytes = 0;
        for (Command command : batch) {
            Reply reply =
                    !readable && command instanceof Command.Get
                            ? Reply.FAILED
                            : answer(command, keyspace);
            replies.add(reply);
            if (reply instanceof Reply.Value(byte[] value)) {
                bytes += value.length;
                if (bytes >= maxBytes) {
                    break;
                }
            }
        }
        return replies;
    }

    /** Executes a command. For the thread that changes the keyspace. */
    static Reply execute(Command command, Keyspace keyspace) {
        return switch (command) {
            case Command.Put put -> {
                keyspace.put(put.key(), put.value());
                yield Reply.OK;
            }
            case Command.Delete delete ->
                    keyspace.remove(delete.key()) ? Reply.OK : Reply.NOT_FOUND;
            default -> answer(command, keyspace);
        };
    }
}
