package io.keyval.command;

/**
 * One request of a client, already parsed and within the limits.
 *
 * <p>Keys and values are opaque bytes. The arrays belong to the command: who makes one hands them
 * over and never changes them again.
 */
public sealed interface Command {

    /** A command that changes the keyspace and therefore goes through the log. */
    sealed interface Write extends Command {

        /** The key written; not empty. */
        byte[] key();
    }

    /** Sets {@code key} to {@code value}, neither of them empty. */
    record Put(byte[] key, byte[] value) implements Write {}

    /** Removes {@code key}. */
    record Delete(byte[] key) implements Write {}

    /** Reads {@code key}. */
    record Get(byte[] key) implements Command {}

    /** Asks whether the server is there. */
    record Ping() implements Command {}

    /** Asks the server to say goodbye and close the connection. */
    record Close() implements Command {}

    /** A line that is no command: unknown verb, wrong number of words, too long, empty. */
    record Invalid() implements Command {}
}
