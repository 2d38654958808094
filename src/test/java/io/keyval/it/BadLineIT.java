package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A follower on a line that is slow, breaks, or is half open, while clients write. */
class BadLineIT {

    private static final String SECRET = "between us";
    private static final Duration DELAY = Duration.ofMillis(200);

    @TempDir private Path directory;

    @Test
    void whenTheLineIsBadThenTheFollowerNeverGetsMoreThanItMisses() throws Exception {
        try (NodeProcess leader =
                        settings(NodeProcess.leader(directory.resolve("leader"))).start();
                Proxy line = new Proxy(leader.port());
                NodeProcess follower =
                        settings(
                                        NodeProcess.follower(
                                                2, directory.resolve("follower"), line.port()))
                                .start()) {
            AckedWrites writes = new AckedWrites(leader, 50, 100).pause(Duration.ofMillis(20));
            writes.start(4, 1);
            patiently("it follows").until(() -> streams(follower));

            line.delay(DELAY, DELAY);
            long late = writes.acknowledged() + 1_000;
            patiently("writes while it is slow").until(() -> writes.acknowledged() > late);
            patiently("the lag is that of a line that takes " + DELAY)
                    .until(() -> lagSeconds(leader) >= 0.15 && lagSeconds(leader) < 5);

            for (int i = 0; i < 3; i++) {
                long before = partialResyncs(follower);
                line.breakAll();
                patiently("it follows again").until(() -> partialResyncs(follower) > before);
            }
            line.delay(Duration.ZERO, Duration.ZERO);

            line.swallow();
            patiently("both sides find the line dead")
                    .until(() -> report(leader).get("followers").isEmpty() && !streams(follower));
            line.heal();
            patiently("it follows again").until(() -> streams(follower));

            writes.stop();
            patiently("both are at one position")
                    .until(() -> position(leader) == position(follower));
            assertThat(digest(follower)).isEqualTo(digest(leader));
            assertThat(writes.check()).isEmpty();
            assertThat(writes.check(follower)).isEmpty();
            assertThat(follower.outputOfThisRun())
                    .containsOnlyOnce("full sync of")
                    .contains("partial resync behind");
        }
    }

    private static NodeProcess.Builder settings(NodeProcess.Builder node) {
        return node.secret(SECRET)
                .arguments(
                        "--keyval.replication.heartbeat=300ms",
                        "--keyval.replication.timeout=2s",
                        "--keyval.wal.compact-min-size=8MB",
                        "--keyval.wal.retain=3MB");
    }

    private static ConditionFactory patiently(String what) {
        return await(what).atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20));
    }

    private static JsonNode report(NodeProcess node) {
        return JsonMapper.shared()
                .readTree(node.http("GET", "/actuator/replication?digest=true", SECRET).body());
    }

    /** The greatest lag; 0 while no follower is there. */
    private static double lagSeconds(NodeProcess leader) {
        double greatest = 0;
        for (JsonNode follower : report(leader).get("followers")) {
            greatest = Math.max(greatest, follower.get("lagSeconds").doubleValue());
        }
        return greatest;
    }

    private static long partialResyncs(NodeProcess follower) {
        return follower.outputOfThisRun().split("partial resync behind", -1).length - 1;
    }

    private static boolean streams(NodeProcess follower) {
        return report(follower).get("leader").get("state").stringValue().equals("streaming");
    }

    private static long position(NodeProcess node) {
        return report(node).get("position").longValue();
    }

    private static String digest(NodeProcess node) {
        return report(node).get("digest").stringValue();
    }
}
