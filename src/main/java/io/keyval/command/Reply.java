package io.keyval.command;

/** The answer to one {@link Command}. Exactly one reply answers each command, in request order. */
public sealed interface Reply {

    /** The write is durable, by the fsync policy in force. */
    record Ok() implements Reply {}

    /** The value of a key that is present; opaque bytes, never changed. */
    record Value(byte[] bytes) implements Reply {}

    /** A GET found no such key. How that reads on the wire is a setting of the protocol. */
    record Miss() implements Reply {}

    /** A DELETE found no such key. */
    record NotFound() implements Reply {}

    /** The answer to PING. */
    record Pong() implements Reply {}

    /** The answer to CLOSE; the connection closes behind it. */
    record Bye() implements Reply {}

    /** The line was no command. */
    record InvalidCommand() implements Reply {}

    /** This node does not take writes. */
    record WriteNotAllowed() implements Reply {}

    /** The store could not do it; the reason is in the server's log and health. */
    record Failed() implements Reply {}

    Reply OK = new Ok();
    Reply MISS = new Miss();
    Reply NOT_FOUND = new NotFound();
    Reply PONG = new Pong();
    Reply BYE = new Bye();
    Reply INVALID_COMMAND = new InvalidCommand();
    Reply WRITE_NOT_ALLOWED = new WriteNotAllowed();
    Reply FAILED = new Failed();
}
