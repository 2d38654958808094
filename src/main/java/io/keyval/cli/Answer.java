package io.keyval.cli;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A reply that is a word of the protocol and no value, with what it means. */
enum Answer {
    OK("done"),
    NOT_FOUND("there is no such key"),
    PONG("the node is there"),
    BYE("the node closes the connection"),
    INVALID_COMMAND(
            "the node does not take this: an unknown verb, a wrong number of words, no value, or a"
                    + " key or value that is too long"),
    WRITE_NOT_ALLOWED("this node takes no writes: write to the leader"),
    ERROR("the node could not do it; its log and its health say why");

    private static final List<Answer> ALL = List.of(values());
    private static final List<Answer> TO_GET =
            List.of(NOT_FOUND, INVALID_COMMAND, WRITE_NOT_ALLOWED, ERROR);
    private static final List<Answer> FAILURES = List.of(INVALID_COMMAND, WRITE_NOT_ALLOWED, ERROR);

    private final byte[] bytes = name().getBytes(StandardCharsets.US_ASCII);
    private final String meaning;

    Answer(String meaning) {
        this.meaning = meaning;
    }

    byte[] bytes() {
        return bytes;
    }

    /** The word, and what it means. */
    String sentence() {
        return name() + ": " + meaning + ".";
    }

    /**
     * The word that the last line of a connection says, or null for a value.
     *
     * @param verb the first letter of the request. A value may look like a word: behind a GET,
     *     {@code OK}, {@code PONG} and {@code BYE} are values; an empty line is {@code NOT_FOUND}
     */
    static @Nullable Answer of(byte verb, NodeConnection connection) {
        if (verb == 'G' && connection.lineLength() == 0) {
            return NOT_FOUND;
        }
        for (Answer answer : verb == 'G' ? TO_GET : ALL) {
            if (connection.lineIs(answer.bytes)) {
                return answer;
            }
        }
        return null;
    }

    boolean isFailure() {
        return FAILURES.contains(this);
    }
}
