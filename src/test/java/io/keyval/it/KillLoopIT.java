package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a node with SIGKILL under load, again and again, and asks for everything it had
 * acknowledged. The log is compacted all the time. More rounds: {@code ./mvnw -B verify
 * -Dit.test=KillLoopIT -Dkeyval.kill-rounds=100}.
 */
class KillLoopIT {

    private static final int ROUNDS = Integer.getInteger("keyval.kill-rounds", 10);
    private static final int WRITERS = 16;

    @TempDir private Path directory;

    @Test
    void whenTheProcessIsKilledUnderLoadThenNoAcknowledgedWriteIsLost() throws Exception {
        long seed = Long.getLong("keyval.seed", System.nanoTime());
        Random random = new Random(seed);
        try (NodeProcess node =
                NodeProcess.leader(directory)
                        .arguments(
                                "--keyval.wal.compact-min-size=256KB", "--keyval.wal.retain=32KB")
                        .start()) {
            AckedWrites writes = new AckedWrites(node, 50, 100);
            for (int round = 0; round < ROUNDS; round++) {
                long enough = writes.acknowledged() + 200 + random.nextInt(8_000);
                writes.start(WRITERS, random.nextLong());
                await("writes of round " + round)
                        .atMost(Duration.ofSeconds(60))
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> writes.acknowledged() >= enough);
                node.kill9();
                writes.join();
                node.start();
                assertThat(writes.check()).as("round %d, seed %d", round, seed).isEmpty();
            }
            assertThat(node.output()).as("compactions ran").contains("Compacted");
        }
    }
}
