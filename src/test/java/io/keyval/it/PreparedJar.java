package io.keyval.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/**
 * The built jar, unpacked beside itself, with the classes of a start kept ready in AOT caches, as
 * {@code bin/keyval aot} does it: nodes and commands of tests spend most of their time on starting.
 * Made once for each jar, by the first process of the tests that asks; the others wait for it.
 *
 * <p>One cache serves nodes of all roles: it is trained on a node of a cluster, which loads nearly
 * all that a leader or a follower does.
 */
public final class PreparedJar {

    /** What the machine of a node or command of a test is told; the caches fit no other. */
    private static final List<String> OPTIONS =
            List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xlog:aot*=off");

    private static final Pattern PORT = Pattern.compile("HTTP on port (\\d+)");
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private static @Nullable Path made;

    private PreparedJar() {}

    /**
     * The words that start a node, up to the jar.
     *
     * @param options more of them for its machine
     */
    static List<String> command(List<String> options) {
        Path prepared = directory();
        List<String> command = new ArrayList<>();
        command.add(java());
        command.addAll(OPTIONS);
        command.add("-XX:AOTCache=" + prepared.resolve("server.aot"));
        command.addAll(options);
        command.addAll(List.of("-jar", prepared.resolve("keyval.jar").toString()));
        return command;
    }

    /** The built jar, with what the launcher script wants beside it to start it from caches. */
    static Path launched() {
        return directory().resolveSibling("keyval.jar");
    }

    /**
     * What the launcher script looks for as {@code keyval.prepared} beside a jar that is as old as
     * the built one.
     */
    public static synchronized Path directory() {
        Path directory = made;
        if (directory == null) {
            directory = prepare();
            made = directory;
        }
        return directory;
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static Path prepare() {
        Path jar = Path.of(System.getProperty("keyval.jar"));
        Path parent = jar.resolveSibling("it-prepared");
        Path directory = parent.resolve("keyval.prepared");
        Path output = jar.resolveSibling("it-prepared.output");
        Path last = directory.resolve("client.aot");
        try (FileChannel file =
                        FileChannel.open(
                                jar.resolveSibling("it-prepared.lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock _ = file.lock()) {
            if (isNewer(last, jar)) {
                return directory;
            }
            FileSystemUtils.deleteRecursively(parent);
            Files.createDirectories(parent);
            Files.copy(jar, parent.resolve("keyval.jar"), StandardCopyOption.COPY_ATTRIBUTES);
            extract(jar, directory, output);
            trainNode(directory, output);
            trainCommand(directory, output);
            if (!Files.exists(last)) {
                throw new IllegalStateException("No " + last + ":\n" + Files.readString(output));
            }
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isNewer(Path made, Path jar) throws IOException {
        return Files.exists(made)
                && Files.getLastModifiedTime(made).compareTo(Files.getLastModifiedTime(jar)) > 0;
    }

    private static void extract(Path jar, Path directory, Path output) throws IOException {
        Process process =
                run(
                        List.of(
                                "-Djarmode=tools",
                                "-jar",
                                jar.toString(),
                                "extract",
                                "--destination",
                                directory.toString()),
                        output);
        awaitEnd(process);
    }

    /**
     * Starts a node of a cluster, asks it what tests ask most, and ends it; the cache is written as
     * it ends.
     */
    private static void trainNode(Path directory, Path output) throws IOException {
        Path cache = directory.resolve("server.aot");
        Path data = Files.createTempDirectory("keyval-training-");
        try {
            List<String> arguments =
                    List.of(
                            "--spring.profiles.active=cluster",
                            "--keyval.port=0",
                            "--management.server.port=0",
                            "--keyval.data-dir=" + data);
            Process process = run(training(cache, arguments), output);
            try {
                Awaitility.await("start of the node that is trained on")
                        .atMost(PATIENCE)
                        .until(
                                () ->
                                        !process.isAlive()
                                                || Files.readString(output)
                                                        .contains(" StartLog: Started "));
                ask(output);
                process.destroy();
                awaitEnd(process);
            } finally {
                process.destroyForcibly();
            }
            if (!Files.exists(cache)) {
                throw new IllegalStateException("No " + cache + ":\n" + Files.readString(output));
            }
        } finally {
            FileSystemUtils.deleteRecursively(data);
        }
    }

    /** Sends requests to the node that printed this, whatever comes of them. */
    private static void ask(Path output) throws IOException {
        Matcher port = PORT.matcher(Files.readString(output));
        if (!port.find()) {
            throw new IllegalStateException("No HTTP:\n" + Files.readString(output));
        }
        for (String path : List.of("/readyz", "/actuator/cluster", "/actuator/prometheus")) {
            URL url = URI.create("http://127.0.0.1:" + port.group(1) + path).toURL();
            HttpURLConnection request = (HttpURLConnection) url.openConnection();
            request.setConnectTimeout((int) PATIENCE.toMillis());
            request.setReadTimeout((int) PATIENCE.toMillis());
            request.getResponseCode();
        }
    }

    /** Runs a command that finds no node and ends by itself. */
    private static void trainCommand(Path directory, Path output) throws IOException {
        List<String> arguments = List.of("cli", "--port", "1", "PING");
        awaitEnd(run(training(directory.resolve("client.aot"), arguments), output));
    }

    private static List<String> training(Path cache, List<String> arguments) {
        List<String> command = new ArrayList<>(OPTIONS);
        command.add("-XX:AOTCacheOutput=" + cache);
        command.addAll(List.of("-jar", cache.resolveSibling("keyval.jar").toString()));
        command.addAll(arguments);
        return command;
    }

    private static Process run(List<String> options, Path output) throws IOException {
        List<String> command = new ArrayList<>(List.of(java()));
        command.addAll(options);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    private static void awaitEnd(Process process) {
        Awaitility.await("end of " + process.info())
                .atMost(PATIENCE)
                .until(() -> !process.isAlive());
    }
}
