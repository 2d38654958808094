package io.keyval.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.keyval.it.PreparedJar;
import io.keyval.it.PrivateNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.util.FileSystemUtils;

/**
 * Runs the commands of every page, as they stand there, in a directory that looks like the
 * project's after a build: in one shell a page, from top to bottom, in a network of its own, so
 * that every port is free. Commands have to succeed, and transcripts to come out as they are
 * printed.
 */
class DocumentationIT {

    private static final int MINUTES_A_PAGE = 8;

    @TempDir private Path directory;

    static Stream<MarkdownPage> pages() throws IOException {
        return MarkdownPage.all().stream().filter(page -> !PageScript.steps(page).isEmpty());
    }

    @ParameterizedTest
    @MethodSource("pages")
    void whenThePageIsFollowedThenItsCommandsDoWhatItSays(MarkdownPage page)
            throws IOException, InterruptedException {
        assumeTrue(networkOfItsOwn(), "namespaces of the network are not allowed here");
        Path project = project(page);
        Path results = Files.createDirectory(directory.resolve("results"));
        List<PageScript.Step> steps = PageScript.steps(page);
        Path script = directory.resolve("page.sh");
        Files.writeString(script, PageScript.of(steps, results));
        Path output = directory.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(PrivateNetwork.command("bash", script.toString()))
                        .directory(project.toFile())
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        prepare(builder);
        Process process = builder.start();
        boolean ended = process.waitFor(MINUTES_A_PAGE, TimeUnit.MINUTES);
        process.destroyForcibly();

        assertThat(ended).as("end of " + page.path() + ": " + Files.readString(output)).isTrue();
        assertThat(PageScript.complaints(page, steps, results))
                .as(Files.readString(output))
                .isEmpty();
    }

    /**
     * What a reader has who cloned the project and built it, and, but for the one who has read no
     * further than README.md, made the starts quicker by {@code bin/keyval aot}.
     */
    private Path project(MarkdownPage page) throws IOException {
        Path project = Files.createDirectory(directory.resolve("keyval"));
        for (String part : List.of("bin", "config", "helm", "docs")) {
            FileSystemUtils.copyRecursively(Path.of(part), project.resolve(part));
        }
        Path script = project.resolve("bin/keyval");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        Files.createDirectory(project.resolve("target"));
        Files.copy(
                Path.of(System.getProperty("keyval.jar")),
                project.resolve("target/keyval.jar"),
                StandardCopyOption.COPY_ATTRIBUTES);
        if (!page.path().equals(Path.of("README.md"))) {
            Files.createSymbolicLink(
                    project.resolve("target/keyval.prepared"), PreparedJar.directory());
        }
        return project;
    }

    private void prepare(ProcessBuilder builder) throws IOException {
        var environment = builder.environment();
        environment
                .keySet()
                .removeIf(
                        name ->
                                name.matches("(KEYVAL|SPRING|MANAGEMENT)_.*")
                                        || name.equals("JAVA_TOOL_OPTIONS"));
        String java = System.getProperty("java.home");
        environment.put("JAVA_HOME", java);
        environment.put("PATH", java + "/bin:" + environment.getOrDefault("PATH", "/usr/bin:/bin"));
        environment.put("HOME", Files.createDirectory(directory.resolve("home")).toString());
        environment.put("LC_ALL", "C.UTF-8");
        environment.put("KEYVAL_CLUSTER_REQUESTTIMEOUT", "20s");
        environment.put("KEYVAL_JAVA_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1");
    }

    private static boolean networkOfItsOwn() throws IOException, InterruptedException {
        try {
            return new ProcessBuilder(PrivateNetwork.command("true")).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
