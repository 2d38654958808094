package io.keyval.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A Java program in a network namespace of its own, with nothing but a loopback interface, which
 * ends with everything it has started when this is closed or the virtual machine ends.
 *
 * <p>It reads one request a line and answers any number of lines, the last of which is {@link
 * #PASSED} or {@link #FAILED}.
 */
public final class PrivateNetwork implements AutoCloseable {

    static final String PASSED = "=== passed";
    static final String FAILED = "=== failed";

    private static final Duration PATIENCE = Duration.ofMinutes(4);

    private final Process process;
    private final PrintWriter requests;
    private final BufferedReader answers;

    PrivateNetwork(Class<?> program, String... arguments) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command =
                new ArrayList<>(
                        command(
                                java,
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "-Dkeyval.jar=" + System.getProperty("keyval.jar"),
                                "-cp",
                                System.getProperty(
                                        "surefire.test.class.path",
                                        System.getProperty("java.class.path")),
                                program.getName()));
        command.addAll(List.of(arguments));
        try {
            process =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        requests = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
        answers =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /**
     * A command in a network of its own. Everything that it starts ends with it; a user who is not
     * root is root in there.
     */
    public static List<String> command(String... command) {
        boolean root = "root".equals(System.getProperty("user.name"));
        return Stream.concat(
                        Stream.of(
                                        "unshare",
                                        root ? "" : "--map-root-user",
                                        "--net",
                                        "--pid",
                                        "--fork",
                                        "--kill-child",
                                        "--mount-proc",
                                        "sh",
                                        "-c",
                                        "ip link set lo up && exec \"$@\"",
                                        "sh")
                                .filter(word -> !word.isEmpty()),
                        Stream.of(command))
                .toList();
    }

    /** Why there can be no such network here, or null when there can. */
    static @Nullable String missing() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return "a network namespace takes root";
        }
        for (String command : List.of("unshare", "ip", "tc", "nft")) {
            boolean found =
                    List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin").stream()
                            .anyMatch(place -> Files.isExecutable(Path.of(place, command)));
            if (!found) {
                return "there is no command " + command;
            }
        }
        try {
            Process probe =
                    new ProcessBuilder(
                                    "unshare", "--net", "--pid", "--fork", "nft", "list", "tables")
                            .start();
            return probe.waitFor() == 0 ? null : "namespaces and nftables are not allowed here";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /**
     * Asks and waits for the answer.
     *
     * @throws AssertionError when it is not {@link #PASSED}; it holds the other lines
     */
    void ask(String request) throws Exception {
        requests.println(request);
        StringBuilder said = new StringBuilder();
        CompletableFuture<Boolean> passed = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> passed.complete(readAnswer(said)));
        boolean good;
        try {
            good = passed.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (java.util.concurrent.TimeoutException e) {
            good = false;
            said.append("no answer in %s, so the program is ended%n".formatted(PATIENCE));
            process.destroyForcibly();
        }
        if (!good) {
            throw new AssertionError(said.toString());
        }
    }

    private boolean readAnswer(StringBuilder said) {
        try {
            while (true) {
                String line = answers.readLine();
                if (line == null) {
                    said.append("the program ended\n");
                    return false;
                }
                if (line.equals(PASSED) || line.equals(FAILED)) {
                    return line.equals(PASSED);
                }
                said.append(line).append('\n');
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        requests.close();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
