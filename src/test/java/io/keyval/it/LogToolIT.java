package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of the jar, as people run them, on the logs of real nodes. */
class LogToolIT {

    private static final String SECRET = "it is not told";

    @TempDir Path directory;

    /** What a command in a process of its own did. */
    private record Ran(int code, String out, String err) {}

    @Test
    void whenARunningNodeIsBackedUpThenTheBackupRestoresToANodeWithAllItsData() throws IOException {
        Path backup;
        try (NodeProcess node = leader("data").environment("KEYVAL_SECRET", SECRET).build()) {
            node.start();
            try (LineClient client = node.client()) {
                client.pipeline(
                        IntStream.range(0, 1000).mapToObj(i -> "PUT k" + i + " v " + i).toList());
                String url = "http://127.0.0.1:" + node.managementPort();

                assertRefused(run("wrong", "backup", "--node", url), "does not accept this secret");
                assertRefused(run("", "backup", "--node", url), "Set KEYVAL_SECRET");
                Ran made = run(SECRET, "backup", "--node", url);
                assertThat(made.err()).isEmpty();
                assertThat(made.code()).isZero();
                assertThat(made.out()).endsWith("position 1000 or later, checked\n");
                backup = Path.of(made.out().substring(0, made.out().indexOf(": ")));
                assertThat(backup.getParent()).isEqualTo(node.dataDir().resolve("backups"));

                assertThat(client.ask("PUT later 1")).isEqualTo("OK");
                Ran verify = run("", "log", "verify", log(node));
                assertThat(verify.code()).as(verify.out()).isZero();
                assertThat(verify.out()).containsPattern(" position +1001\n");
                assertRefused(
                        run("", "log", "repair", "--yes", log(node)),
                        "in use by another keyval process");
                assertRefused(
                        run("", "restore", backup.toString(), "--data-dir", node.dataDir() + ""),
                        "is not empty");
            }
        }
        Path restored = directory.resolve("restored");
        Ran restore = run("", "restore", backup.toString(), "--data-dir", restored.toString());
        assertThat(restore.err()).isEmpty();
        assertThat(restore.code()).isZero();
        try (NodeProcess node = leader("restored").build()) {
            node.start();
            try (LineClient client = node.client()) {
                assertThat(
                                client.pipeline(
                                        IntStream.range(0, 1000)
                                                .mapToObj(i -> "GET k" + i)
                                                .toList()))
                        .isEqualTo(IntStream.range(0, 1000).mapToObj(i -> "v " + i).toList());
                assertThat(client.ask("GET later")).isEmpty();
            }
        }
    }

    @Test
    void whenALogIsDamagedThenTheNodeRefusesItUntilItIsRepaired() throws IOException {
        try (NodeProcess node = leader("data").build()) {
            node.start();
            try (LineClient client = node.client()) {
                for (int i = 1; i <= 20; i++) {
                    assertThat(client.ask("PUT k" + i + " " + "v".repeat(i))).isEqualTo("OK");
                }
            }
            node.kill9();
            Ran dump = run("", "log", "dump", "--json", "--frames", log(node));
            assertThat(dump.code()).isLessThanOrEqualTo(1);
            assertThat(dump.out().lines().filter(line -> line.contains("\"kind\":\"put\"")))
                    .hasSize(20);

            long offset = offsetOfRecord(dump.out(), 10);
            byte[] bytes = Files.readAllBytes(Path.of(log(node)));
            bytes[(int) offset + 50] ^= 1;
            Files.write(Path.of(log(node)), bytes);
            assertThat(node.launch().waitForExit()).isNotZero();
            assertThat(node.outputOfThisRun())
                    .contains("is damaged at offset " + offset)
                    .contains("log repair");

            Ran verify = run("", "log", "verify", log(node));
            assertThat(verify.code()).isEqualTo(2);
            assertThat(verify.out()).contains("corrupt at offset " + offset);
            assertRefused(run("", "log", "repair", log(node)), "give --yes");
            Ran repair = run("", "log", "repair", "--yes", log(node));
            assertThat(repair.code()).as(repair.err()).isZero();
            assertThat(repair.out()).contains("its last position is 9");

            node.start();
            try (LineClient client = node.client()) {
                assertThat(client.ask("GET k9")).isEqualTo("v".repeat(9));
                assertThat(client.ask("GET k10")).isEmpty();
            }
        }
    }

    @Test
    void whenHelpOrVersionIsAskedForThenNoNodeStarts() {
        Ran help = run("", "--help");
        assertThat(help.code()).isZero();
        assertThat(help.out()).contains("--leader_host").contains("log ").contains("restore ");
        assertThat(run("", "--version").out()).matches("keyval \\S+\n");
        assertThat(run("", "log", "verify").code()).isEqualTo(64);
        assertThat(directory.resolve("data")).doesNotExist();
    }

    private NodeProcess.Builder leader(String dataDir) {
        return NodeProcess.leader(directory.resolve(dataDir));
    }

    private static String log(NodeProcess node) {
        return node.dataDir().resolve("leader.log").toString();
    }

    private static long offsetOfRecord(String dump, int position) {
        String before = dump.substring(0, dump.indexOf("{\"position\":" + position + ","));
        int at = before.lastIndexOf("\"offset\":") + "\"offset\":".length();
        return Long.parseLong(before.substring(at, before.indexOf(',', at)));
    }

    private static void assertRefused(Ran ran, String reason) {
        assertThat(ran.err()).contains(reason).doesNotContain("\tat ").doesNotContain(SECRET);
        assertThat(ran.code()).isEqualTo(3);
    }

    private Ran run(String secret, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar"));
        command.add(System.getProperty("keyval.jar"));
        Collections.addAll(command, arguments);
        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile());
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("KEYVAL_") || name.equals("JAVA_TOOL_OPTIONS"));
        if (!secret.isEmpty()) {
            builder.environment().put("KEYVAL_SECRET", secret);
        }
        try {
            Process process = builder.start();
            if (!process.waitFor(NodeProcess.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException("It does not end: " + command);
            }
            return new Ran(
                    process.exitValue(),
                    Files.readString(out, StandardCharsets.UTF_8),
                    Files.readString(err, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
