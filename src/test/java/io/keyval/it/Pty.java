package io.keyval.it;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/** A process in a pseudo-terminal of 100 columns, made by the program {@code script}. */
final class Pty implements AutoCloseable {

    private final Process process;
    private final OutputStream keyboard;
    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private final Thread reader;
    private int mark;

    private Pty(Process process) {
        this.process = process;
        this.keyboard = process.getOutputStream();
        this.reader = Thread.ofVirtual().start(this::read);
    }

    static Pty start(Map<String, String> environment, List<String> command) {
        String line =
                command.stream()
                        .map(word -> "'" + word.replace("'", "'\\''") + "'")
                        .collect(Collectors.joining(" "));
        ProcessBuilder builder =
                new ProcessBuilder(
                                "script",
                                "-qfec",
                                "stty cols 100 rows 30; exec " + line,
                                "/dev/null")
                        .redirectErrorStream(true);
        builder.environment()
                .keySet()
                .removeIf(
                        name ->
                                name.startsWith("KEYVAL_")
                                        || name.equals("NO_COLOR")
                                        || name.equals("JAVA_TOOL_OPTIONS"));
        builder.environment().put("KEYVAL_JAR", PreparedJar.launched().toString());
        builder.environment().put("TERM", "xterm-256color");
        builder.environment().putAll(environment);
        try {
            return new Pty(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read() {
        byte[] bytes = new byte[4096];
        try (InputStream in = process.getInputStream()) {
            for (int read; (read = in.read(bytes)) >= 0; ) {
                synchronized (screen) {
                    screen.write(bytes, 0, read);
                }
            }
        } catch (IOException e) {
            // The terminal is gone.
        }
    }

    /** Presses keys. */
    Pty type(String keys) {
        try {
            keyboard.write(keys.getBytes(StandardCharsets.UTF_8));
            keyboard.flush();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Everything that has been shown, with all control sequences. */
    String shown() {
        synchronized (screen) {
            return screen.toString(StandardCharsets.UTF_8);
        }
    }

    /**
     * Waits until a text has been shown behind the one that was waited for before.
     *
     * @throws IllegalStateException if the process ends instead; the message holds what was shown
     */
    Pty await(String text) {
        Awaitility.await("'" + text + "' on the screen")
                .atMost(NodeProcess.PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> !reader.isAlive() || shown().indexOf(text, mark) >= 0);
        if (shown().indexOf(text, mark) < 0) {
            throw new IllegalStateException("It has ended without '" + text + "':\n" + shown());
        }
        mark = shown().indexOf(text, mark) + text.length();
        return this;
    }

    /** Waits for the end of the process, and answers its exit code. */
    int exitCode() {
        try {
            if (!process.waitFor(NodeProcess.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("It does not end:\n" + shown());
            }
            reader.join();
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
