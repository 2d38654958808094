package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.json.JsonParserFactory;

/** Nodes as they are operated: secrets in files, addresses to bind, probes, logs for machines. */
class OperationsIT {

    @TempDir private Path directory;

    @Test
    void whenAFollowerHasItsSecretInAFileThenItIsReadyAfterItsFirstSync() throws IOException {
        Path secrets = Files.createDirectory(directory.resolve("secrets"));
        Files.writeString(secrets.resolve("keyval.secret"), "hush-from-a-file\n");
        int leaderPort = FreePorts.one();
        try (NodeProcess follower =
                        NodeProcess.follower(2, directory.resolve("follower"), leaderPort)
                                .arguments("--spring.config.import=configtree:" + secrets + "/")
                                .start();
                NodeProcess leader =
                        NodeProcess.leader(directory.resolve("leader"))
                                .port(leaderPort)
                                .secret("hush-from-a-file")
                                .build()) {
            assertThat(follower.get("/readyz").statusCode()).isEqualTo(503);
            assertThat(follower.get("/readyz").body()).contains("first sync");
            assertThat(follower.get("/livez").statusCode()).isEqualTo(200);

            leader.start();
            try (LineClient client = leader.client()) {
                assertThat(client.ask("PUT a b")).isEqualTo("OK");
            }
            await().atMost(NodeProcess.PATIENCE)
                    .untilAsserted(
                            () -> assertThat(follower.get("/readyz").statusCode()).isEqualTo(200));

            leader.kill9();
            await().atMost(NodeProcess.PATIENCE)
                    .untilAsserted(
                            () ->
                                    assertThat(follower.get("/actuator/health").body())
                                            .contains("DEGRADED"));
            assertThat(follower.get("/livez").statusCode()).isEqualTo(200);
            assertThat(follower.get("/readyz").statusCode()).isEqualTo(200);
            assertThat(follower.output() + leader.output()).doesNotContain("hush");
        }
    }

    @Test
    void whenAFollowerIsTooStaleThenItIsAliveAndNotReady() {
        try (NodeProcess leader =
                        NodeProcess.leader(directory.resolve("leader")).secret("hush").start();
                NodeProcess follower =
                        NodeProcess.follower(2, directory.resolve("follower"), leader.port())
                                .secret("hush")
                                .arguments("--keyval.follower.max-staleness=3s")
                                .start()) {
            await().atMost(NodeProcess.PATIENCE)
                    .untilAsserted(
                            () -> assertThat(follower.get("/readyz").statusCode()).isEqualTo(200));
            leader.kill9();
            await().atMost(NodeProcess.PATIENCE)
                    .untilAsserted(
                            () -> assertThat(follower.get("/readyz").statusCode()).isEqualTo(503));
            assertThat(follower.get("/livez").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void whenAnHttpAddressIsSetThenItIsTheOnlyOne() {
        NodeProcess.Builder node =
                NodeProcess.leader(directory.resolve("data"))
                        .host("127.0.0.2")
                        .arguments("--management.server.address=127.0.0.2");
        try (NodeProcess leader = node.start()) {
            assertThat(leader.get("/livez").statusCode()).isEqualTo(200);
            assertThat(leader.output()).contains("HTTP on 127.0.0.2:" + leader.managementPort());
            assertThatExceptionOfType(UncheckedIOException.class)
                    .isThrownBy(
                            () -> LineClient.connect("127.0.0.1", leader.managementPort()).close());
        }
    }

    @Test
    void whenTheLogIsForMachinesThenEachLineIsJson() {
        try (NodeProcess node =
                NodeProcess.leader(directory.resolve("data"))
                        .arguments("--logging.structured.format.console=ecs")
                        .build()) {
            node.launch();
            await().atMost(NodeProcess.PATIENCE)
                    .until(() -> !node.alive() || node.output().contains("Started leader 1"));
            assertThat(node.stop()).isEqualTo(143);

            List<Map<String, Object>> events =
                    node.output()
                            .lines()
                            .map(line -> JsonParserFactory.getJsonParser().parseMap(line))
                            .toList();
            assertThat(events)
                    .isNotEmpty()
                    .allSatisfy(
                            event ->
                                    assertThat(event)
                                            .containsKeys("@timestamp", "log", "message", "ecs"))
                    .anySatisfy(
                            event ->
                                    assertThat((String) event.get("message"))
                                            .startsWith("Started leader 1 on *:")
                                            .contains(
                                                    "HTTP on *:",
                                                    "0 records replayed",
                                                    "fsync always"));
        }
    }
}
