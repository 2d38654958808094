package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher script starts. */
class LauncherIT {

    private static final Path LAUNCHER = Path.of("bin/keyval").toAbsolutePath();

    @TempDir Path directory;
    private Path jar;

    @BeforeEach
    void install() throws IOException {
        Files.createDirectories(directory.resolve("it's here/bin"));
        Files.createDirectories(directory.resolve("it's here/lib"));
        Files.copy(LAUNCHER, directory.resolve("it's here/bin/keyval"));
        jar = directory.resolve("it's here/lib/keyval.jar");
        Files.copy(Path.of(System.getProperty("keyval.jar")), jar);
        Files.createSymbolicLink(
                directory.resolve("kv"), directory.resolve("it's here/bin/keyval"));
    }

    @Test
    void whenTheJarIsPreparedThenLaterStartsUseThatUntilTheJarIsNewer() throws Exception {
        Path prepared = jar.resolveSibling("keyval.prepared");
        assertThat(flags("--version")).contains("keyval ").doesNotContain("AOTCache");

        assertThat(run(Map.of(), "aot")).contains("from now on.");
        assertThat(prepared.resolve("server.aot")).isNotEmptyFile();
        assertThat(prepared.resolve("client.aot")).isNotEmptyFile();
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).as("what a training start leaves").hasSize(2);
        }

        assertThat(flags("--version"))
                .contains("keyval ")
                .contains("AOTCache=" + prepared.resolve("client.aot"))
                .contains("TieredStopAtLevel=1");
        assertThat(flags("--id=1", "--role=nonsense"))
                .contains("--role must be leader, follower or cluster")
                .contains("AOTCache=" + prepared.resolve("server.aot"))
                .contains("ExitOnOutOfMemoryError");

        Files.setLastModifiedTime(jar, FileTime.from(Instant.now().plusSeconds(60)));
        assertThat(flags("--version")).contains("keyval ").doesNotContain("AOTCache");
    }

    @Test
    void whenThereIsNoJarThenOneSentenceSaysWhereItShouldBe() throws Exception {
        Files.delete(jar);
        assertThat(run(Map.of(), "--version"))
                .startsWith("keyval: found no keyval.jar in ")
                .hasLineCount(1);
        assertThat(run(Map.of("KEYVAL_JAR", "/nowhere.jar"), "--version"))
                .isEqualTo("keyval: there is no file /nowhere.jar, which KEYVAL_JAR names.\n");
    }

    @Test
    void whenCompletionIsGeneratedThenTheShellTakesIt() throws Exception {
        Process bash =
                new ProcessBuilder(
                                "bash",
                                "-c",
                                "source <(\"$0\" generate-completion) && complete -p keyval",
                                directory.resolve("kv").toString())
                        .redirectErrorStream(true)
                        .start();
        assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .matches("complete .*_keyval.* keyval\n");
        assertThat(bash.waitFor()).isZero();
    }

    private String flags(String... arguments) throws IOException {
        return run(Map.of("KEYVAL_JAVA_OPTS", "-XX:+PrintCommandLineFlags"), arguments);
    }

    /** All that it prints. */
    private String run(Map<String, String> environment, String... arguments) throws IOException {
        List<String> command =
                Stream.concat(Stream.of(directory.resolve("kv").toString()), Stream.of(arguments))
                        .toList();
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("KEYVAL_"));
        builder.environment().put("TMPDIR", directory.toString());
        builder.environment().putAll(environment);
        return new String(builder.start().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
