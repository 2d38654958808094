package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that talk to nodes, as people run them, by the launcher script. */
class CommandLineIT {

    private static final String SECRET = "it is not told";

    @TempDir static Path directory;
    private static NodeProcess node;

    /** What a command in a process of its own did. */
    private record Ran(int code, String out, String err) {}

    @BeforeAll
    static void start() {
        node = NodeProcess.leader(directory.resolve("data")).secret(SECRET).build().start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @Test
    void whenCommandsAreGivenOneByOneThenExitCodesTellWhatCameOfThem() {
        assertThat(run("cli", "PUT", "greeting", "hello,  wörld"))
                .isEqualTo(new Ran(0, "OK\n", ""));
        assertThat(run("cli", "GET", "greeting")).isEqualTo(new Ran(0, "hello,  wörld\n", ""));
        assertThat(run("cli", "GET", "absent")).isEqualTo(new Ran(1, "\n", ""));
        Ran refused = run("cli", "NONSENSE");
        assertThat(refused.code()).isEqualTo(3);
        assertThat(refused.err()).startsWith("INVALID_COMMAND: ");
        assertThat(run("cli", "--port", "1", "PING").code()).isEqualTo(4);
        assertThat(run("cli", "--nonsense").code()).isEqualTo(64);
    }

    @Test
    void whenManyCommandsComeThroughAPipeThenAllAreAnswered() throws IOException {
        int count = 100_000;
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("PUT pipe-").append(i).append(" value ").append(i).append('\n');
        }
        lines.append("GET pipe-99999\n");
        Path input = Files.writeString(directory.resolve("commands"), lines);
        Ran ran = run(input, "cli");
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.out()).isEqualTo("OK\n".repeat(count) + "value 99999\n");
    }

    @Test
    void whenEntriesAreExportedAndImportedThenTheyAreTheSame() throws IOException {
        Path entries = directory.resolve("entries");
        String line = "hostile-\377\0 \033[31m\r\377 \\\r\r\n";
        Files.writeString(entries, line, StandardCharsets.ISO_8859_1);
        assertThat(run("import", entries.toString()).out()).startsWith("1 entries written in ");

        String http = "http://127.0.0.1:" + node.managementPort();
        Ran json = run("export", "--json", "--node", http);
        assertThat(json.err()).startsWith("The entries come from the backup ");
        assertThat(json.code()).isZero();
        assertThat(json.out()).contains("{\"keyBase64\":\"aG9zdGlsZS3/AA==\",");
        Path objects = Files.writeString(directory.resolve("objects"), json.out());
        try (NodeProcess other = NodeProcess.leader(directory.resolve("other")).build().start()) {
            Ran imported = run("import", "--json", "--port", other.port() + "", objects.toString());
            assertThat(imported.code()).as(imported.err()).isZero();
            Ran exported = run("export", other.dataDir().resolve("leader.log").toString());
            assertThat(exported.code()).as(exported.err()).isZero();
            assertThat(Files.readString(out(), StandardCharsets.ISO_8859_1)).contains(line);
        }
    }

    @Test
    void whenAFollowerIsThereThenStatusShowsBoth() {
        try (NodeProcess follower =
                NodeProcess.follower(2, directory.resolve("follower"), node.port())
                        .secret(SECRET)
                        .build()
                        .start()) {
            String nodes =
                    "127.0.0.1:%d,127.0.0.1:%d"
                            .formatted(node.managementPort(), follower.managementPort());
            await().atMost(NodeProcess.PATIENCE)
                    .untilAsserted(
                            () -> {
                                Ran ran = run("status", "--nodes", nodes);
                                assertThat(ran.code()).as(ran.out()).isZero();
                                assertThat(ran.out())
                                        .containsPattern("leader +1 .* UP\n")
                                        .containsPattern("follower +2 .* 0 .* UP\n");
                            });
            assertThat(run("cli", "--port", follower.port() + "", "PUT", "a", "1").err())
                    .startsWith("WRITE_NOT_ALLOWED: ");
        }
    }

    @Test
    void whenAPersonTypesThenThereAreCompletionColoursHistoryAndAnEnd() throws IOException {
        Path home = Files.createDirectory(directory.resolve("home"));
        try (Pty terminal = Pty.start(Map.of("HOME", home.toString()), command("cli"))) {
            String prompt = "127.0.0.1:" + node.port() + "> ";
            terminal.await("Type help for help.").await(prompt);
            terminal.type("pu\ttyped by hand\r")
                    .await("\033[32mOK\033[0m")
                    .await(" ms")
                    .await(prompt);
            terminal.type("GET typed\r").await("by hand").await(" ms").await(prompt);
            terminal.type("GET nothing\r").await("(no such key)").await(prompt);
            terminal.type("\033OA\033OA\r").await("by hand").await(prompt);
            terminal.type("NONSENSE\r").await("\033[31mINVALID_COMMAND: ").await(prompt);
            terminal.type(" DELETE typed\r").await("OK").await(prompt);
            terminal.type("\004");
            assertThat(terminal.exitCode()).isZero();
            assertThat(terminal.shown()).doesNotContain("WARNING").doesNotContain("Exception");
        }
        Path history = home.resolve(".keyval_history");
        assertThat(history)
                .content()
                .isEqualTo("PUT typed by hand\nGET typed\nGET nothing\nGET typed\nNONSENSE\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(history)))
                .isEqualTo("rw-------");
    }

    @Test
    void whenTheNodeRestartsThenThePersonIsToldAndGoesOn() {
        try (NodeProcess other =
                NodeProcess.leader(directory.resolve("restarted")).build().start()) {
            List<String> command = command("cli", "--port", other.port() + "");
            Map<String, String> environment = Map.of("HOME", directory.toString(), "NO_COLOR", "1");
            try (Pty terminal = Pty.start(environment, command)) {
                String prompt = "127.0.0.1:" + other.port() + "> ";
                terminal.await(prompt).type("PUT a 1\r").await("OK  ").await(prompt);
                other.kill9();
                terminal.type("PUT a 2\r")
                        .await("closed the connection meanwhile.")
                        .await("No node answers")
                        .await(prompt);
                other.start();
                terminal.type("GET a\r").await("Connected to ").await("again.").await("1  ");
                terminal.await(prompt).type("exit\r");
                assertThat(terminal.exitCode()).isZero();
                assertThat(terminal.shown()).doesNotContain("\033[32m").doesNotContain("\033[2m");
            }
        }
    }

    private static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of("bin/keyval"));
        command.addAll(List.of(arguments));
        if (List.of("cli", "import").contains(arguments[0]) && !command.contains("--port")) {
            command.addAll(2, List.of("--port", node.port() + ""));
        }
        return command;
    }

    private static Ran run(String... arguments) {
        return run(Path.of("/dev/null"), arguments);
    }

    private static Ran run(Path input, String... arguments) {
        Path out = out();
        Path err = directory.resolve("err");
        ProcessBuilder builder =
                new ProcessBuilder(command(arguments))
                        .redirectInput(input.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile());
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("KEYVAL_") || name.equals("JAVA_TOOL_OPTIONS"));
        builder.environment().put("KEYVAL_JAR", PreparedJar.launched().toString());
        builder.environment().put("KEYVAL_SECRET", SECRET);
        builder.environment().put("LC_ALL", "C.UTF-8");
        try {
            Process process = builder.start();
            if (!process.waitFor(NodeProcess.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException("It does not end: " + builder.command());
            }
            return new Ran(process.exitValue(), text(out), text(err));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static Path out() {
        return directory.resolve("out");
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
