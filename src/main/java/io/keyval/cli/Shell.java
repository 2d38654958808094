package io.keyval.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.completer.ArgumentCompleter;
import org.jline.reader.impl.completer.NullCompleter;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Asks a person for commands, and shows the replies. Values are shown with what is not printable
 * escaped. A connection that broke is made anew with the next command; only reads are sent twice.
 */
final class Shell {

    private static final String HELP =
            """
            PUT KEY VALUE   sets a key; the value is the rest of the line
            GET KEY         shows its value
            DELETE KEY      removes it
            PING            asks whether the node is there
            exit            ends, as Ctrl-D does

            Verbs may be in lower case. What is not printable is shown as \\xHH, a backslash as \\\\.
            A line that begins with a space is not kept in the history.
            """;

    private final NodeAddress node;
    private final Terminal terminal;
    private final Paint paint;
    private @Nullable NodeConnection connection;

    Shell(NodeAddress node, Terminal terminal) {
        this.node = node;
        this.terminal = terminal;
        this.paint = new Paint(terminal.hasColours(Terminal.Stream.OUT));
    }

    /** Returns when the person has had enough. */
    int run() throws IOException {
        connection = NodeConnection.open(node);
        History history = History.of(terminal);
        try (org.jline.terminal.Terminal screen =
                TerminalBuilder.builder().providers("ffm,exec").graphemeCluster(false).build()) {
            LineReader reader = reader(screen, history);
            say("Connected to %s. Type help for help.".formatted(node));
            while (true) {
                String line;
                try {
                    line = reader.readLine(paint.prompt(node + "> "));
                } catch (UserInterruptException e) {
                    continue;
                } catch (EndOfFileException e) {
                    return ExitCode.GOOD;
                }
                if (!run(line.stripLeading())) {
                    return ExitCode.GOOD;
                }
                terminal.out().flush();
            }
        } finally {
            disconnect();
        }
    }

    private static LineReader reader(org.jline.terminal.Terminal screen, History history) {
        DefaultParser parser = new DefaultParser();
        parser.setQuoteChars(new char[0]);
        parser.setEscapeChars(new char[0]);
        LineReaderBuilder builder =
                LineReaderBuilder.builder()
                        .appName("keyval")
                        .terminal(screen)
                        .parser(parser)
                        .completer(
                                new ArgumentCompleter(
                                        new StringsCompleter(
                                                "PUT", "GET", "DELETE", "PING", "help", "exit"),
                                        NullCompleter.INSTANCE))
                        .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                        .option(LineReader.Option.CASE_INSENSITIVE, true)
                        .option(LineReader.Option.HISTORY_IGNORE_SPACE, true)
                        .option(LineReader.Option.HISTORY_TIMESTAMPED, false)
                        .option(LineReader.Option.INSERT_TAB, false)
                        .variable(LineReader.HISTORY_IGNORE, "HELLO*:hello*");
        if (history.file() != null) {
            builder.variable(LineReader.HISTORY_FILE, history.file());
        }
        return builder.build();
    }

    /** Runs one line; false when it was the last one. */
    private boolean run(String line) {
        if (line.isBlank()) {
            return true;
        }
        switch (line.strip().toLowerCase(Locale.ROOT)) {
            case "help", "?" -> say(HELP.stripTrailing());
            case "exit", "quit", "close" -> {
                return false;
            }
            default -> {
                try {
                    ask(OneCommand.of(List.of(line.split(" ", -1))));
                } catch (RefusedException | UnreachableException e) {
                    terminal.out().println(paint.bad(String.valueOf(e.getMessage())));
                }
            }
        }
        return true;
    }

    private void ask(OneCommand command) {
        NodeConnection current = connection;
        if (current != null && current.isStale()) {
            say("The node at %s closed the connection meanwhile.".formatted(node));
            disconnect();
            current = null;
        }
        if (current == null) {
            current = connect();
        }
        long begun = System.nanoTime();
        String broken = attempt(current, command);
        if (broken != null) {
            disconnect();
            if (command.isWrite()) {
                throw new UnreachableException(broken + command.unknown());
            }
            say(broken);
            current = connect();
            begun = System.nanoTime();
            broken = attempt(current, command);
            if (broken != null) {
                disconnect();
                throw new UnreachableException(broken);
            }
        }
        show(command, current, System.nanoTime() - begun);
    }

    private NodeConnection connect() {
        NodeConnection made = NodeConnection.open(node);
        connection = made;
        say("Connected to %s again.".formatted(node));
        return made;
    }

    /** Null when there is a reply, or why there is none. */
    private @Nullable String attempt(NodeConnection current, OneCommand command) {
        try {
            return command.ask(current)
                    ? null
                    : "The node at %s closed the connection.".formatted(node);
        } catch (IOException e) {
            return NodeConnection.unreachable(node, e).getMessage();
        }
    }

    private void show(OneCommand command, NodeConnection current, long nanos) {
        Answer answer = Answer.of(command.verb(), current);
        String text;
        if (answer == null) {
            text = Text.escaped(current.line());
        } else if (answer.isFailure()) {
            text = paint.bad(answer.sentence());
        } else if (answer == Answer.NOT_FOUND) {
            text = paint.faint("(no such key)");
        } else {
            text = paint.good(new String(answer.bytes(), StandardCharsets.US_ASCII));
        }
        terminal.out()
                .println(text + paint.faint(String.format(Locale.ROOT, "  %.2f ms", nanos / 1e6)));
    }

    private void say(String text) {
        terminal.out().println(paint.faint(text));
        terminal.out().flush();
    }

    private void disconnect() {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }
}
