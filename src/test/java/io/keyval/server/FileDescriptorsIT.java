package io.keyval.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.it.LineClient;
import io.keyval.it.NodeProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node that has no file descriptors left: it waits until it has some, and serves who is there.
 */
@EnabledOnOs(OS.LINUX)
class FileDescriptorsIT {

    private static final int SPARE = 10;

    @Test
    void whenFileDescriptorsRunOutThenTheServerAcceptsAgainOnceThereAreSome(@TempDir Path directory)
            throws Exception {
        List<LineClient> waiting = new ArrayList<>();
        try (NodeProcess node = NodeProcess.leader(directory).start();
                LineClient early = node.client()) {
            assertThat(early.ask("PUT a 1")).isEqualTo("OK");
            limit(node, descriptors(node) + SPARE);
            for (int i = 0; i < 3 * SPARE; i++) {
                waiting.add(node.connect().send("HELLO CLIENT\nGET a"));
            }
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> node.output().contains("Cannot accept connections"));
            assertThat(early.ask("GET a")).isEqualTo("1");

            waiting.subList(0, 2 * SPARE).forEach(LineClient::close);

            for (LineClient client : waiting.subList(2 * SPARE, waiting.size())) {
                assertThat(client.read()).isEqualTo("HELLO SERVER");
                assertThat(client.read()).isEqualTo("1");
                client.close();
            }
            try (LineClient late = node.client()) {
                assertThat(late.ask("GET a")).isEqualTo("1");
            }
            assertThat(node.output()).doesNotContain("\tat ");
            assertThat(node.stop()).isIn(0, 143);
        } finally {
            waiting.forEach(LineClient::close);
        }
    }

    private static long descriptors(NodeProcess node) throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc", Long.toString(node.pid()), "fd"))) {
            return open.count();
        }
    }

    private static void limit(NodeProcess node, long descriptors) throws Exception {
        Process prlimit =
                new ProcessBuilder(
                                "prlimit",
                                "--pid",
                                Long.toString(node.pid()),
                                "--nofile=" + descriptors + ":" + descriptors)
                        .inheritIO()
                        .start();
        assertThat(prlimit.waitFor()).isZero();
    }
}
