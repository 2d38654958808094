package io.keyval.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/**
 * The built jar, unpacked beside itself, with the classes of a start kept ready in an AOT cache for
 * each of the profiles leader and cluster, as {@code bin/keyval aot} does it for one: nodes of
 * tests spend most of their time on starting. Made once for each jar, by the first process of the
 * tests that asks; the others wait for it.
 */
final class PreparedJar {

    /** What the machine of a node of a test is told; the cache fits no other. */
    private static final List<String> OPTIONS =
            List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xlog:aot*=off");

    private static final String CLUSTER = "--spring.profiles.active=cluster";
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private static @Nullable Path leaderCache;
    private static @Nullable Path clusterCache;

    private PreparedJar() {}

    /**
     * The words that start a node, up to the jar.
     *
     * @param options more of them for its machine
     * @param arguments of the node
     */
    static synchronized List<String> command(List<String> options, List<String> arguments) {
        Path cache = arguments.contains(CLUSTER) ? clusterCache() : leaderCache();
        List<String> command = new ArrayList<>();
        command.add(java());
        command.addAll(OPTIONS);
        command.add("-XX:AOTCache=" + cache);
        command.addAll(options);
        command.addAll(List.of("-jar", cache.resolveSibling("keyval.jar").toString()));
        return command;
    }

    private static Path leaderCache() {
        Path cache = leaderCache;
        if (cache == null) {
            cache = prepare("leader.aot", List.of("--spring.profiles.active=leader"));
            leaderCache = cache;
        }
        return cache;
    }

    private static Path clusterCache() {
        Path cache = clusterCache;
        if (cache == null) {
            cache = prepare("cluster.aot", List.of(CLUSTER, "--keyval.id=1"));
            clusterCache = cache;
        }
        return cache;
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static Path prepare(String name, List<String> arguments) {
        Path jar = Path.of(System.getProperty("keyval.jar"));
        Path directory = jar.resolveSibling("it-prepared");
        Path output = jar.resolveSibling("it-prepared.output");
        try (FileChannel file =
                        FileChannel.open(
                                jar.resolveSibling("it-prepared.lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock _ = file.lock()) {
            Path cache = directory.resolve(name);
            if (isNewer(cache, jar)) {
                return cache;
            }
            if (!isNewer(directory.resolve("keyval.jar"), jar)) {
                FileSystemUtils.deleteRecursively(directory);
                extract(jar, directory, output);
            }
            train(cache, arguments, output);
            if (!Files.exists(cache)) {
                throw new IllegalStateException("No " + cache + ":\n" + Files.readString(output));
            }
            return cache;
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
        // It has the time that the file in the jar has.
        Files.setLastModifiedTime(
                directory.resolve("keyval.jar"), FileTime.from(Instant.now().plusSeconds(1)));
    }

    /** Starts a node, and ends it when it has started; the cache is written as it ends. */
    private static void train(Path cache, List<String> arguments, Path output) throws IOException {
        Path data = Files.createTempDirectory("keyval-training-");
        try {
            List<String> command = new ArrayList<>(OPTIONS);
            command.add("-XX:AOTCacheOutput=" + cache);
            command.addAll(List.of("-jar", cache.resolveSibling("keyval.jar").toString()));
            command.addAll(arguments);
            command.addAll(List.of("--keyval.port=0", "--management.server.port=0"));
            command.add("--keyval.data-dir=" + data);
            Process process = run(command, output);
            try {
                Awaitility.await("start of the node that is trained on")
                        .atMost(PATIENCE)
                        .until(
                                () ->
                                        !process.isAlive()
                                                || Files.readString(output)
                                                        .contains(" StartLog: Started "));
                process.destroy();
                awaitEnd(process);
            } finally {
                process.destroyForcibly();
            }
        } finally {
            FileSystemUtils.deleteRecursively(data);
        }
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
