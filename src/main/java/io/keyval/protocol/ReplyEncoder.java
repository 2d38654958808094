package io.keyval.protocol;

import io.keyval.command.Reply;
import java.util.List;

/** Turns replies into lines, many at a time, so that they go out in few writes. */
public final class ReplyEncoder {

    private static final int CHUNK = 256 * 1024;

    private static final byte[] EMPTY_LINE = Ascii.bytes("\n");
    private static final byte[] OK = Ascii.bytes("OK\n");
    private static final byte[] NOT_FOUND = Ascii.bytes("NOT_FOUND\n");
    private static final byte[] PONG = Ascii.bytes("PONG\n");
    private static final byte[] BYE = Ascii.bytes("BYE\n");
    private static final byte[] INVALID_COMMAND = Ascii.bytes("INVALID_COMMAND\n");
    private static final byte[] WRITE_NOT_ALLOWED = Ascii.bytes("WRITE_NOT_ALLOWED\n");
    private static final byte[] ERROR = Ascii.bytes("ERROR\n");

    private final byte[] miss;

    private ReplyEncoder(byte[] miss) {
        this.miss = miss;
    }

    /** An encoder that answers GET of an absent key with an empty line. */
    public static ReplyEncoder missAsEmptyLine() {
        return new ReplyEncoder(EMPTY_LINE);
    }

    /** An encoder that answers GET of an absent key with NOT_FOUND. */
    public static ReplyEncoder missAsNotFound() {
        return new ReplyEncoder(NOT_FOUND);
    }

    /**
     * The end of the chunk of {@code replies} that begins at {@code from}: as many replies as fit
     * into 256 KB, and at least one. However much a batch asks for, only a chunk of it is in memory
     * as bytes at a time.
     */
    public int chunkEnd(List<Reply> replies, int from) {
        long size = line(replies.get(from)).length + 1L;
        int end = from + 1;
        while (end < replies.size()) {
            size += line(replies.get(end)).length + 1L;
            if (size > CHUNK) {
                break;
            }
            end++;
        }
        return end;
    }

    /** The lines of {@code replies[from, to)}, in order, in one new array. */
    public byte[] encode(List<Reply> replies, int from, int to) {
        int size = 0;
        for (int i = from; i < to; i++) {
            Reply reply = replies.get(i);
            size = Math.addExact(size, line(reply).length + (reply instanceof Reply.Value ? 1 : 0));
        }
        byte[] lines = new byte[size];
        int at = 0;
        for (int i = from; i < to; i++) {
            Reply reply = replies.get(i);
            byte[] line = line(reply);
            System.arraycopy(line, 0, lines, at, line.length);
            at += line.length;
            if (reply instanceof Reply.Value) {
                lines[at++] = Ascii.LF;
            }
        }
        return lines;
    }

    /** The whole line of a reply, except that a value's LF is missing. */
    private byte[] line(Reply reply) {
        return switch (reply) {
            case Reply.Ok() -> OK;
            case Reply.Value(byte[] bytes) -> bytes;
            case Reply.Miss() -> miss;
            case Reply.NotFound() -> NOT_FOUND;
            case Reply.Pong() -> PONG;
            case Reply.Bye() -> BYE;
            case Reply.InvalidCommand() -> INVALID_COMMAND;
            case Reply.WriteNotAllowed() -> WRITE_NOT_ALLOWED;
            case Reply.Failed() -> ERROR;
        };
    }
}
