package io.keyval.cluster;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of the messages between a node that was asked and the node that leads.
 *
 * <pre>
 *  request                                    answer
 *  1  version, 1                              1  version, 1
 *  1  kind: 1 parts                           4  number of parts, and for each
 *  4  milliseconds that the sender waits        1  outcome: 1 answered, 2 not the leader, 3 late, 4 unknown
 *  4  number of parts, and for each             1  bytes of the leader's id, if 2; its id
 *    8  bytes of values after which to end      4  number of replies, if 1, and for each
 *    4  number of commands, and for each          1  kind: 1 OK, 2 value, 3 miss, 4 not found,
 *      1  kind: 1 put, 2 delete, 3 get               5 write not allowed, 6 failed
 *      4  bytes of the key; the key               4  bytes of the value, if 2; the value
 *      4  bytes of the value, if 1; the value
 * </pre>
 *
 * <p>Numbers are big-endian.
 */
final class ForwardCodec {

    /** Commands of another node. */
    static final byte PARTS = 1;

    /** The question who a node is. */
    static final byte WHO = 2;

    /** The news that somebody has chosen the node that is told to lead. */
    static final byte CHOSEN = 3;

    /** The question in which term of the group a node is. */
    static final byte TERM = 4;

    static final byte VERSION = 1;

    private ForwardCodec() {}

    /**
     * A part as another node sent it.
     *
     * @param maxBytes of values in the replies of a part without writes
     */
    record Sent(List<Command> commands, long maxBytes) {}

    /**
     * The parts of another node.
     *
     * @param millis for how long it waits for them
     */
    record Request(int millis, List<Sent> parts) {}

    /**
     * The term a node is in.
     *
     * @param id of the node
     */
    record Term(int id, long term) {}

    /** Asks a node for its term. */
    static byte[] askTerm() {
        return new byte[] {VERSION, TERM};
    }

    /** Says in which term a node is: version, four bytes of its id, eight of the term. */
    static byte[] term(Term term) {
        return ByteBuffer.allocate(13).put(VERSION).putInt(term.id()).putLong(term.term()).array();
    }

    /** Reads what {@link #term} says; null when the other node does not know the question. */
    static @Nullable Term readTerm(ByteBuffer answer) {
        return answer.remaining() == 13 && answer.get() == VERSION
                ? new Term(answer.getInt(), answer.getLong())
                : null;
    }

    static byte[] request(List<Part> parts, long millis) {
        int size = 10;
        for (Part part : parts) {
            size += 12;
            for (Command command : part.commands()) {
                size +=
                        switch (command) {
                            case Command.Put put -> 9 + put.key().length + put.value().length;
                            case Command.Delete delete -> 5 + delete.key().length;
                            case Command.Get get -> 5 + get.key().length;
                            case Command.Ping _, Command.Close _, Command.Invalid _ ->
                                    throw new IllegalArgumentException("No command for a shard");
                        };
            }
        }
        ByteBuffer target = ByteBuffer.allocate(size);
        target.put(VERSION).put(PARTS);
        target.putInt(Math.clamp(millis, 1, Integer.MAX_VALUE)).putInt(parts.size());
        for (Part part : parts) {
            target.putLong(part.maxBytes()).putInt(part.commands().size());
            for (Command command : part.commands()) {
                switch (command) {
                    case Command.Put put -> {
                        target.put((byte) 1);
                        bytes(target, put.key());
                        bytes(target, put.value());
                    }
                    case Command.Delete delete -> {
                        target.put((byte) 2);
                        bytes(target, delete.key());
                    }
                    case Command.Get get -> {
                        target.put((byte) 3);
                        bytes(target, get.key());
                    }
                    case Command.Ping _, Command.Close _, Command.Invalid _ -> {}
                }
            }
        }
        return target.array();
    }

    /** The news to a node that it leads by somebody's choice. */
    static byte[] chosen() {
        return new byte[] {VERSION, CHOSEN};
    }

    /**
     * Reads the version and answers the kind of a request.
     *
     * @throws ClusterException if it is of another version of keyval
     */
    static byte kind(ByteBuffer request) {
        if (request.remaining() < 2) {
            throw new ClusterException("A message of another node is too short.");
        }
        byte version = request.get();
        if (version != VERSION) {
            throw new ClusterException(
                    "A message of another node is of format %d, and this node knows only format %d; run the same version of keyval on all nodes."
                            .formatted(version, VERSION));
        }
        return request.get();
    }

    /**
     * Reads what stands behind the kind.
     *
     * @throws ClusterException if it is malformed
     */
    static Request readRequest(ByteBuffer source) {
        try {
            int millis = source.getInt();
            int count = source.getInt();
            List<Sent> parts = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                long maxBytes = source.getLong();
                int size = source.getInt();
                List<Command> commands = new ArrayList<>();
                for (int j = 0; j < size; j++) {
                    commands.add(readCommand(source));
                }
                parts.add(new Sent(commands, maxBytes));
            }
            return new Request(millis, parts);
        } catch (BufferUnderflowException e) {
            throw new ClusterException("A message of another node ends too early.", e);
        }
    }

    private static Command readCommand(ByteBuffer source) {
        byte kind = source.get();
        return switch (kind) {
            case 1 -> new Command.Put(bytes(source), bytes(source));
            case 2 -> new Command.Delete(bytes(source));
            case 3 -> new Command.Get(bytes(source));
            default ->
                    throw new ClusterException(
                            "A message of another node has a command of kind %d.".formatted(kind));
        };
    }

    static byte[] answer(List<Outcome> outcomes) {
        int size = 5;
        for (Outcome outcome : outcomes) {
            size +=
                    switch (outcome) {
                        case Outcome.Answered(List<Reply> replies) -> {
                            int bytes = 5 + replies.size();
                            for (Reply reply : replies) {
                                if (reply instanceof Reply.Value(byte[] value)) {
                                    bytes += 4 + value.length;
                                }
                            }
                            yield bytes;
                        }
                        case Outcome.NotLeader(String leader) -> 2 + id(leader).length;
                        case Outcome.Late _, Outcome.Unknown _ -> 1;
                    };
        }
        ByteBuffer target = ByteBuffer.allocate(size).put(VERSION).putInt(outcomes.size());
        for (Outcome outcome : outcomes) {
            switch (outcome) {
                case Outcome.Answered(List<Reply> replies) -> {
                    target.put((byte) 1).putInt(replies.size());
                    replies.forEach(reply -> write(target, reply));
                }
                case Outcome.NotLeader(String leader) -> {
                    byte[] id = id(leader);
                    target.put((byte) 2).put((byte) id.length).put(id);
                }
                case Outcome.Late _ -> target.put((byte) 3);
                case Outcome.Unknown _ -> target.put((byte) 4);
            }
        }
        return target.array();
    }

    private static byte[] id(@Nullable String leader) {
        return leader == null ? new byte[0] : leader.getBytes(StandardCharsets.UTF_8);
    }

    private static void write(ByteBuffer target, Reply reply) {
        switch (reply) {
            case Reply.Ok _ -> target.put((byte) 1);
            case Reply.Value(byte[] value) -> {
                target.put((byte) 2);
                bytes(target, value);
            }
            case Reply.Miss _ -> target.put((byte) 3);
            case Reply.NotFound _ -> target.put((byte) 4);
            case Reply.WriteNotAllowed _ -> target.put((byte) 5);
            case Reply.Failed _, Reply.Pong _, Reply.Bye _, Reply.InvalidCommand _ ->
                    target.put((byte) 6);
        }
    }

    /**
     * The outcomes that another node answered, in the order of the parts.
     *
     * @throws ClusterException if they are malformed
     */
    static List<Outcome> readAnswer(ByteBuffer source) {
        try {
            if (source.get() != VERSION) {
                throw new ClusterException("An answer of another node is of another format.");
            }
            int count = source.getInt();
            List<Outcome> outcomes = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                outcomes.add(readOutcome(source));
            }
            return outcomes;
        } catch (BufferUnderflowException e) {
            throw new ClusterException("An answer of another node ends too early.", e);
        }
    }

    private static Outcome readOutcome(ByteBuffer source) {
        byte kind = source.get();
        switch (kind) {
            case 1 -> {
                int count = source.getInt();
                List<Reply> replies = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    replies.add(readReply(source));
                }
                return new Outcome.Answered(replies);
            }
            case 2 -> {
                byte[] id = new byte[source.get()];
                source.get(id);
                return new Outcome.NotLeader(
                        id.length == 0 ? null : new String(id, StandardCharsets.UTF_8));
            }
            case 3 -> {
                return Outcome.LATE;
            }
            case 4 -> {
                return Outcome.UNKNOWN;
            }
            default ->
                    throw new ClusterException(
                            "An answer of another node has an outcome of kind %d.".formatted(kind));
        }
    }

    private static Reply readReply(ByteBuffer source) {
        byte kind = source.get();
        return switch (kind) {
            case 1 -> Reply.OK;
            case 2 -> new Reply.Value(bytes(source));
            case 3 -> Reply.MISS;
            case 4 -> Reply.NOT_FOUND;
            case 5 -> Reply.WRITE_NOT_ALLOWED;
            case 6 -> Reply.FAILED;
            default ->
                    throw new ClusterException(
                            "An answer of another node has a reply of kind %d.".formatted(kind));
        };
    }

    private static void bytes(ByteBuffer target, byte[] bytes) {
        target.putInt(bytes.length).put(bytes);
    }

    private static byte[] bytes(ByteBuffer source) {
        int length = source.getInt();
        if (length < 0 || length > source.remaining()) {
            throw new ClusterException(
                    "A message of another node has a length of %d.".formatted(length));
        }
        byte[] bytes = new byte[length];
        source.get(bytes);
        return bytes;
    }
}
