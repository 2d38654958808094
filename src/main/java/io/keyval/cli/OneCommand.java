package io.keyval.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** One command of the protocol, given as words. */
final class OneCommand {

    private static final List<String> VERBS = List.of("PUT", "GET", "DELETE", "PING", "CLOSE");

    private final byte[] line;

    private OneCommand(byte[] line) {
        this.line = line;
    }

    /**
     * Joins words by spaces. A verb may be in lower case.
     *
     * @throws RefusedException when the words are no line
     */
    static OneCommand of(List<String> words) {
        String verb = words.getFirst().toUpperCase(Locale.ROOT);
        StringBuilder text = new StringBuilder(VERBS.contains(verb) ? verb : words.getFirst());
        words.stream().skip(1).forEach(word -> text.append(' ').append(word));
        if (text.indexOf("\n") >= 0) {
            throw new RefusedException("A command is one line: it cannot hold a line break.");
        }
        if (text.indexOf("\ufffd") >= 0 && !"UTF-8".equals(System.getProperty("native.encoding"))) {
            throw new RefusedException(
                    "This locale cannot say what was typed: set LC_ALL=C.UTF-8, or give the command"
                            + " through a pipe.");
        }
        return new OneCommand(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The first letter of the verb. */
    byte verb() {
        return line.length == 0 ? 0 : line[0];
    }

    boolean isWrite() {
        return verb() == 'P' && line.length > 1 && line[1] == 'U' || verb() == 'D';
    }

    boolean isClose() {
        return verb() == 'C';
    }

    /** Sends it and waits for the reply, which stands in the connection's line then. */
    boolean ask(NodeConnection connection) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(line.length + 1);
        bytes.writeBytes(line);
        bytes.write('\n');
        connection.send(bytes.toByteArray(), 0, bytes.size());
        return connection.readLine();
    }

    /** Runs it alone and prints the reply; answers the exit code. */
    int run(NodeAddress node, Terminal terminal) throws IOException {
        try (NodeConnection connection = NodeConnection.open(node)) {
            boolean answered;
            try {
                answered = ask(connection);
            } catch (IOException e) {
                throw new UnreachableException(
                        NodeConnection.unreachable(node, e).getMessage() + unknown());
            }
            if (!answered) {
                throw new UnreachableException(
                        "The node at %s closed the connection.".formatted(node) + unknown());
            }
            Answer answer = Answer.of(verb(), connection);
            if (answer != null && answer.isFailure()) {
                throw new RefusedException(answer.sentence());
            }
            print(connection, terminal);
            return answer == Answer.NOT_FOUND ? ExitCode.ABSENT : ExitCode.GOOD;
        }
    }

    /** What to say of a write that has no reply. */
    String unknown() {
        return isWrite() ? " The write may be done or not." : "";
    }

    private static void print(NodeConnection connection, Terminal terminal) throws IOException {
        if (terminal.isTerminal(Terminal.Stream.OUT)) {
            terminal.out().println(Text.escaped(connection.line()));
        } else {
            connection.copyLineTo(terminal.out());
            terminal.out().write('\n');
        }
    }
}
