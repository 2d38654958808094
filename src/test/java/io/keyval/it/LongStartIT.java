package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node whose disk is slow: what it tells while it replays, and that it stops all the same. */
class LongStartIT {

    private static final int VALUES = 24;
    private static final String VALUE = "v".repeat(1_000_000);

    /** What a stop may take on a machine that is busy; the slow work alone would take longer. */
    private static final Duration SOON = Duration.ofSeconds(40);

    @TempDir private Path directory;

    private FaultShim shim;

    @BeforeEach
    void compileShim() throws IOException, InterruptedException {
        shim = new FaultShim(directory);
    }

    @Test
    void whenTheLogIsReplayedThenHttpTellsAndTheNodeIsAliveAndNotReady() {
        try (NodeProcess node = shim.into(leader()).build()) {
            fill(node);
            shim.begin("late 3000");
            node.launch().awaitHttp();

            assertThat(node.get("/livez").statusCode()).isEqualTo(200);
            assertThat(node.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
            await().atMost(NodeProcess.PATIENCE)
                    .untilAsserted(
                            () ->
                                    assertThat(node.get("/readyz").body())
                                            .containsPattern(
                                                    "The log is being replayed: [1-9]\\d* of 2\\d{7} bytes"));
            assertThat(node.get("/readyz").statusCode()).isEqualTo(503);
            assertThat(node.get("/actuator/health").statusCode()).isEqualTo(503);
            assertThat(node.get("/actuator/info").statusCode()).isEqualTo(200);
            assertThat(node.get("/actuator/prometheus").statusCode()).isEqualTo(200);
            assertThat(node.get("/actuator/replication").statusCode()).isEqualTo(503);
            for (String operation :
                    List.of(
                            "compaction",
                            "backup",
                            "replication/promote",
                            "replication/follow?host=127.0.0.1&port=1&id=2")) {
                assertThat(node.http("POST", "/actuator/" + operation, "hush").statusCode())
                        .as(operation)
                        .isEqualTo(503);
            }
            assertThat(node.outputOfThisRun()).doesNotContain("Listening", "ERROR");

            shim.end();
            node.awaitStart();
            assertThat(node.get("/readyz").statusCode()).isEqualTo(200);
            assertThat(node.get("/actuator/replication").body()).contains("\"role\":\"leader\"");
            assertHoldsAll(node);
        }
    }

    @Test
    void whenANodeIsStoppedInItsReplayThenItEndsSoonAndNothingIsLost() throws IOException {
        try (NodeProcess node = shim.into(leader()).build()) {
            fill(node);
            Path log = directory.resolve("data/leader.log");
            Path before = Files.copy(log, directory.resolve("before"));
            shim.begin("late 3000");
            node.launch().awaitHttp();
            await().atMost(NodeProcess.PATIENCE)
                    .untilAsserted(
                            () -> assertThat(node.get("/readyz").body()).contains(" replayed: "));

            assertStopsSoon(node);
            assertThat(node.outputOfThisRun())
                    .contains("The replay of the log was given up because the node stops")
                    .doesNotContain("ERROR", "WARN", "Exception", "\tat ");
            assertThat(Files.mismatch(log, before)).isEqualTo(-1);

            shim.end();
            node.start();
            assertHoldsAll(node);
        }
    }

    @Test
    void whenANodeIsStoppedInACompactionThenItEndsSoonAndNothingIsLost() {
        try (NodeProcess node =
                shim.into(leader()).environment("KV_FAULT_PATH", ".compacting").build()) {
            fill(node);
            node.start();
            shim.begin("late 3000");
            CompletableFuture<Integer> answer =
                    CompletableFuture.supplyAsync(
                            () -> node.http("POST", "/actuator/compaction", "hush").statusCode());
            Path half = directory.resolve("data/leader.log.compacting");
            await().atMost(NodeProcess.PATIENCE)
                    .until(() -> Files.exists(half) && Files.size(half) > 1_000_000);

            assertStopsSoon(node);
            assertThat(answer).succeedsWithin(NodeProcess.PATIENCE).isEqualTo(503);
            assertThat(half).doesNotExist();
            assertThat(node.outputOfThisRun()).doesNotContain("ERROR");

            shim.end();
            node.start();
            assertHoldsAll(node);
        }
    }

    private NodeProcess.Builder leader() {
        return NodeProcess.leader(directory.resolve("data"))
                .secret("hush")
                .arguments("--keyval.wal.retain=0", "--keyval.wal.compact-min-size=1GB");
    }

    /** Starts the node, writes, and stops it. */
    private static void fill(NodeProcess node) {
        node.start();
        try (LineClient client = node.client()) {
            List<String> puts = new ArrayList<>();
            for (int i = 0; i < VALUES; i++) {
                puts.add("PUT k" + i + " " + VALUE);
            }
            assertThat(client.pipeline(puts)).containsOnly("OK");
        }
        assertThat(node.stop()).isEqualTo(143);
    }

    private static void assertStopsSoon(NodeProcess node) {
        long begun = System.nanoTime();
        assertThat(node.stop()).isEqualTo(143);
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(SOON);
    }

    private static void assertHoldsAll(NodeProcess node) {
        try (LineClient client = node.client()) {
            List<String> gets = new ArrayList<>();
            for (int i = 0; i < VALUES; i++) {
                gets.add("GET k" + i);
            }
            assertThat(client.pipeline(gets)).hasSize(VALUES).containsOnly(VALUE);
        }
    }
}
