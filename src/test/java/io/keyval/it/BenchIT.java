package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.json.JsonParserFactory;

/** {@code bench} as people run it, at a real node. */
class BenchIT {

    @TempDir Path directory;

    @Test
    void whenANodeIsUnderLoadThenItAnswersEveryRequestRight() throws Exception {
        try (NodeProcess node = NodeProcess.leader(directory.resolve("data")).build().start();
                LineClient client = node.client()) {
            Map<String, Object> result =
                    bench(
                            node.port(),
                            "--fill",
                            "--clients=20",
                            "--pipeline=16",
                            "--keys=5000",
                            "--value-size=100",
                            "--warmup=0",
                            "--requests=50000");
            assertThat(result)
                    .containsEntry("misses", 0)
                    .containsEntry("errors", Map.of())
                    .extractingByKey("all")
                    .asInstanceOf(InstanceOfAssertFactories.MAP)
                    .containsEntry("requests", 50_000);
            assertThat(client.ask("GET key:0000004999")).isEqualTo("x".repeat(100));
            assertThat(client.ask("GET key:0000005000")).isEmpty();
        }
    }

    private Map<String, Object> bench(int port, String... options)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-jar", System.getProperty("keyval.jar"), "bench", "--json"));
        command.addAll(List.of("--port", String.valueOf(port)));
        command.addAll(List.of(options));
        File out = directory.resolve("out").toFile();
        File err = directory.resolve("err").toFile();
        Process process =
                new ProcessBuilder(command).redirectOutput(out).redirectError(err).start();
        if (!process.waitFor(NodeProcess.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("It does not end: " + command);
        }
        assertThat(process.exitValue()).as(Files.readString(err.toPath())).isZero();
        return JsonParserFactory.getJsonParser().parseMap(Files.readString(out.toPath()));
    }
}
