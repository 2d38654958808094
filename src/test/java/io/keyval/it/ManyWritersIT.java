package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many clients write at once, while one of them does not read its replies. */
class ManyWritersIT {

    private static final int CLIENTS = 50;
    private static final int ROUNDS = 40;
    private static final int KEYS = 25;

    @TempDir private Path directory;

    @Test
    void whenFiftyClientsWriteAtOnceThenNothingIsLostOrOutOfOrder() throws Exception {
        try (NodeProcess node = NodeProcess.leader(directory).start();
                LineClient slow = node.client();
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            int asked = floodWithoutReading(slow);

            List<Future<List<String>>> wrong = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                int client = i;
                wrong.add(clients.submit(() -> writeAndRead(node, client)));
            }
            for (Future<List<String>> each : wrong) {
                assertThat(each.get()).isEmpty();
            }

            node.kill9();
            node.start();
            try (LineClient reader = node.client()) {
                for (int client = 0; client < CLIENTS; client++) {
                    assertThat(reader.pipeline(gets(client)))
                            .containsExactlyElementsOf(
                                    Collections.nCopies(
                                            KEYS, client + " in round " + (ROUNDS - 1)));
                }
            }
            assertThat(asked).isPositive();
        }
    }

    @Test
    void whenASlowReaderReadsAtLastThenEveryReplyIsThereInOrder() {
        try (NodeProcess node = NodeProcess.leader(directory).start();
                LineClient slow = node.client()) {
            int asked = floodWithoutReading(slow);
            try (LineClient other = node.client()) {
                assertThat(other.ask("PING")).isEqualTo("PONG");
            }
            String value = "v".repeat(100_000);
            assertThat(slow.read()).isEqualTo("OK");
            for (int i = 0; i < asked; i++) {
                assertThat(slow.read()).isEqualTo(value);
            }
            assertThat(slow.ask("PING")).isEqualTo("PONG");
        }
    }

    /** Asks for far more than the buffers between two sockets hold, and reads none of it. */
    private static int floodWithoutReading(LineClient slow) {
        int gets = 500;
        String value = "v".repeat(100_000);
        slow.send("PUT big " + value);
        slow.send("GET big\n".repeat(gets).getBytes(StandardCharsets.UTF_8));
        return gets;
    }

    private static List<String> gets(int client) {
        List<String> lines = new ArrayList<>();
        for (int key = 0; key < KEYS; key++) {
            lines.add("GET c" + client + "-" + key);
        }
        return lines;
    }

    private static List<String> writeAndRead(NodeProcess node, int client) {
        List<String> wrong = new ArrayList<>();
        try (LineClient connection = node.client()) {
            for (int round = 0; round < ROUNDS; round++) {
                List<String> lines = new ArrayList<>();
                List<String> expected = new ArrayList<>();
                for (int key = 0; key < KEYS; key++) {
                    String name = "c" + client + "-" + key;
                    String value = client + " in round " + round;
                    lines.addAll(
                            List.of("GET " + name, "PUT " + name + " " + value, "GET " + name));
                    expected.addAll(
                            List.of(
                                    round == 0 ? "" : client + " in round " + (round - 1),
                                    "OK",
                                    value));
                }
                List<String> replies = connection.pipeline(lines);
                if (!replies.equals(expected)) {
                    wrong.add("client %d, round %d: %s".formatted(client, round, replies));
                }
            }
        }
        return wrong;
    }
}
