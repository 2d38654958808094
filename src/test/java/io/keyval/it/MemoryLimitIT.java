package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A leader that may take only so much memory. */
class MemoryLimitIT {

    private static final int BATCH = 1000;

    @TempDir Path directory;

    @Test
    void whenTheDataReachesItsBoundThenWritesThatNeedMoreAreRefusedUntilThereIsRoom() {
        try (NodeProcess node =
                        NodeProcess.leader(directory.resolve("data"))
                                .arguments("--keyval.limits.max-memory=24MB")
                                .start();
                LineClient client = node.client()) {
            long begun = System.nanoTime();
            List<String> replies = new ArrayList<>();
            int keys = 0;
            while (!replies.contains("ERROR")) {
                assertThat(keys).isLessThan(100_000);
                replies = client.pipeline(puts(keys));
                keys += BATCH;
            }
            assertThat(replies).startsWith("OK").endsWith("ERROR");
            int taken = keys - Collections.frequency(replies, "ERROR");
            assertThat(taken).isBetween(15_000, 24_000);
            assertThat(client.pipeline(List.of("GET key0", "GET key" + (keys - 1), "PING")))
                    .containsExactly(value(), "", "PONG");
            assertThat(node.get("/actuator/health").statusCode()).isEqualTo(200);
            assertThat(node.get("/actuator/health").body())
                    .contains("DEGRADED")
                    .contains("keyval.limits.max-memory");
            assertThat(node.get("/actuator/prometheus").body())
                    .contains("keyval_memory_max_bytes 2.5165824E7");

            client.pipeline(puts(0));
            client.pipeline(puts(keys));
            long tenSeconds = (System.nanoTime() - begun) / 10_000_000_000L;
            assertThat(node.output().split("are answered with ERROR", -1).length - 1L)
                    .as("times it is told, at most one in ten seconds")
                    .isBetween(1L, 1 + tenSeconds);

            List<String> deletes = new ArrayList<>();
            for (int i = 0; i < BATCH; i++) {
                deletes.add("DELETE key" + i);
            }
            assertThat(client.pipeline(deletes)).containsOnly("OK");
            assertThat(client.ask("PUT again " + value())).isEqualTo("OK");
            await().until(() -> !node.get("/actuator/health").body().contains("DEGRADED"));
            assertThat(node.output()).contains("are taken again");

            node.kill9();
            node.start();
            try (LineClient after = node.client()) {
                assertThat(after.pipeline(List.of("GET again", "GET key0", "GET key" + (keys - 1))))
                        .containsExactly(value(), "", "");
            }
        }
    }

    private static List<String> puts(int from) {
        List<String> puts = new ArrayList<>();
        for (int i = from; i < from + BATCH; i++) {
            puts.add("PUT key" + i + " " + value());
        }
        return puts;
    }

    private static String value() {
        return "v".repeat(1000);
    }
}
