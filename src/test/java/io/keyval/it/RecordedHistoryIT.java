package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.it.history.Linearizability;
import io.keyval.it.history.Operation;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That what clients of real nodes write down is judged right, whatever becomes of the nodes. */
class RecordedHistoryIT {

    private static final List<String> KEYS = List.of("a", "b", "c");

    @TempDir private Path directory;

    @Test
    void whenASingleLeaderIsKilledUnderLoadThenItsHistoryIsLinearizable() throws Exception {
        try (NodeProcess node = NodeProcess.leader(directory).start()) {
            RecordingClients clients = new RecordingClients(List.of(address(node)));
            clients.start(12, KEYS, 1);
            for (int round = 0; round < 3; round++) {
                awaitWrites(clients, 1_000);
                node.kill9();
                node.start();
            }
            awaitWrites(clients, 500);
            clients.stop();
            readAll(clients);
            List<Operation> history = clients.takeHistory();
            assertThat(history).anyMatch(operation -> operation.returned() == Long.MAX_VALUE);
            assertThat(clients.surprises()).isEmpty();
            assertThat(Linearizability.violations(history)).isEmpty();
        }
    }

    @Test
    void whenAFollowerThatLagsAnswersReadsThenItsStaleReadsAreFound() throws Exception {
        try (NodeProcess leader = NodeProcess.leader(directory.resolve("1")).secret("us").start();
                Proxy link = new Proxy(leader.port());
                NodeProcess follower =
                        NodeProcess.follower(2, directory.resolve("2"), link.port())
                                .secret("us")
                                .start()) {
            link.delay(Duration.ofMillis(200), Duration.ZERO);
            RecordingClients clients =
                    new RecordingClients(List.of(address(leader), address(follower)));
            clients.start(6, KEYS, 1);
            awaitWrites(clients, 500);
            clients.stop();
            assertThat(clients.surprises()).isEmpty();
            assertThat(Linearizability.violations(clients.takeHistory()))
                    .isNotEmpty()
                    .allMatch(violation -> violation.operation().call() == Operation.Call.GET);
        }
    }

    private static InetSocketAddress address(NodeProcess node) {
        return new InetSocketAddress("127.0.0.1", node.port());
    }

    private static void readAll(RecordingClients clients) throws IOException {
        clients.readAll(0, KEYS);
    }

    private static void awaitWrites(RecordingClients clients, long more) {
        long enough = clients.acknowledged() + more;
        await("writes")
                .atMost(Duration.ofSeconds(90))
                .until(() -> clients.acknowledged() >= enough);
    }
}
