package io.keyval.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/**
 * The built jar, unpacked beside itself, with the classes of a start kept ready in an AOT cache, as
 * {@code bin/keyval aot} does it: nodes of tests spend most of their time on starting. Made once
 * for each jar, by the first process of the tests that asks; the others wait for it.
 */
final class PreparedJar {

    /** What the machine of a node of a test is told; the cache fits no other. */
    private static final List<String> OPTIONS =
            List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xlog:aot*=off");

    private static final String CACHE = "server.aot";
    private static final long PATIENCE_SECONDS = 180;

    private static @Nullable Path prepared;

    private PreparedJar() {}

    /**
     * The words that start a node, up to the jar.
     *
     * @param more options for its machine
     */
    static synchronized List<String> command(List<String> more) {
        Path directory = prepared;
        if (directory == null) {
            directory = prepare(Path.of(System.getProperty("keyval.jar")));
            prepared = directory;
        }
        List<String> command = new ArrayList<>(OPTIONS);
        command.add("-XX:AOTCache=" + directory.resolve(CACHE));
        command.addAll(more);
        command.addAll(List.of("-jar", directory.resolve("keyval.jar").toString()));
        return command;
    }

    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static Path prepare(Path jar) {
        Path directory = jar.resolveSibling("it-prepared");
        try (FileChannel file =
                        FileChannel.open(
                                jar.resolveSibling("it-prepared.lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock _ = file.lock()) {
            Path cache = directory.resolve(CACHE);
            FileTime built = Files.getLastModifiedTime(jar);
            if (Files.exists(cache) && Files.getLastModifiedTime(cache).compareTo(built) > 0) {
                return directory;
            }
            FileSystemUtils.deleteRecursively(directory);
            run(
                    jar,
                    List.of(
                            "-Djarmode=tools",
                            "-jar",
                            jar.toString(),
                            "extract",
                            "--destination",
                            directory.toString()));
            train(directory);
            if (!Files.exists(cache)) {
                throw new IllegalStateException("There is no " + cache);
            }
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void train(Path directory) throws IOException {
        Path data = Files.createTempDirectory("keyval-training-");
        try {
            List<String> command = new ArrayList<>(OPTIONS);
            command.add("-XX:AOTCacheOutput=" + directory.resolve(CACHE));
            command.add("-Dspring.context.exit=onRefresh");
            command.addAll(List.of("-jar", directory.resolve("keyval.jar").toString()));
            command.addAll(List.of("--keyval.port=0", "--management.server.port=0"));
            command.add("--keyval.data-dir=" + data);
            run(directory, command);
        } finally {
            FileSystemUtils.deleteRecursively(data);
        }
    }

    private static void run(Path beside, List<String> options) throws IOException {
        List<String> command = new ArrayList<>(List.of(java()));
        command.addAll(options);
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(beside.resolveSibling("it-prepared.output").toFile())
                        .start();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(command + " did not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
            throw new IllegalStateException(e);
        }
    }
}
