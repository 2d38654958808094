package io.keyval.store;

import io.keyval.command.Command;
import io.keyval.command.Reply;

/** Answers the commands that change nothing. */
final class Reads {

    private Reads() {}

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
}
