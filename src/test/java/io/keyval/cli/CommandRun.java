package io.keyval.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a command did.
 *
 * @param code its exit code
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
record CommandRun(int code, String out, String err) {

    /** Runs a command in a pipe. */
    static CommandRun of(Object... args) {
        return with(Map.of(), new byte[0], args);
    }

    /** Runs a command in a pipe that gives it {@code input}. */
    static CommandRun given(byte[] input, Object... args) {
        return with(Map.of(), input, args);
    }

    /** Runs a command in a pipe that gives it {@code input}, in an environment. */
    static CommandRun with(Map<String, String> environment, byte[] input, Object... args) {
        return new Session(false, null, environment, input).run(args);
    }

    /**
     * Runs a command in a pipe that has to succeed, and answers what it wrote to standard output.
     */
    static byte[] bytes(Object... args) {
        Session session = new Session(false, null, Map.of(), new byte[0]);
        CommandRun run = session.run(args);
        if (run.code != 0) {
            throw new IllegalStateException(run.toString());
        }
        return session.outBytes.toByteArray();
    }

    /** Runs a command on a terminal, where a person answers {@code answer}. */
    static CommandRun answering(String answer, Object... args) {
        return new Session(true, answer, Map.of(), new byte[0]).run(args);
    }

    /** Runs a command in a pipe with {@code KEYVAL_SECRET} set. */
    static CommandRun withSecret(String secret, Object... args) {
        return with(Map.of("KEYVAL_SECRET", secret), new byte[0], args);
    }

    List<String> lines() {
        return out.lines().toList();
    }

    private static final class Session implements Terminal {

        private final ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        private final ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        private final PrintStream out = new PrintStream(outBytes, false, StandardCharsets.UTF_8);
        private final PrintStream err = new PrintStream(errBytes, false, StandardCharsets.UTF_8);
        private final InputStream in;
        private final boolean interactive;
        private final @Nullable String answer;
        private final Map<String, String> environment;

        Session(
                boolean interactive,
                @Nullable String answer,
                Map<String, String> environment,
                byte[] input) {
            this.in = new ByteArrayInputStream(input);
            this.interactive = interactive;
            this.answer = answer;
            this.environment = environment;
        }

        CommandRun run(Object... args) {
            String[] texts = List.of(args).stream().map(Object::toString).toArray(String[]::new);
            int code = Cli.run(texts, this);
            return new CommandRun(
                    code,
                    outBytes.toString(StandardCharsets.UTF_8),
                    errBytes.toString(StandardCharsets.UTF_8));
        }

        @Override
        public InputStream in() {
            return in;
        }

        @Override
        public boolean isTerminal(Stream stream) {
            return interactive && stream == Stream.ERR;
        }

        @Override
        public PrintStream out() {
            return out;
        }

        @Override
        public PrintStream err() {
            return err;
        }

        @Override
        public boolean isInteractive() {
            return interactive;
        }

        @Override
        public @Nullable String ask(String question) {
            err.print(question);
            return answer;
        }

        @Override
        public char @Nullable [] askSecret(String question) {
            return answer == null ? null : answer.toCharArray();
        }

        @Override
        public @Nullable String environment(String name) {
            return environment.get(name);
        }
    }
}
