package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** Three nodes that choose their leader, and what they keep when some or all of them die. */
class ClusterIT {

    /** The exit code of a JVM that SIGTERM ends, as it should. */
    private static final int TERMINATED = 128 + 15;

    @TempDir private Path directory;

    @Test
    void whenAnyNodeIsAskedThenItAnswersAsTheOthersDo() {
        try (ClusterOfThree cluster = new ClusterOfThree(directory).start()) {
            for (int id = 1; id <= 3; id++) {
                try (LineClient client = cluster.node(id).client()) {
                    assertThat(client.ask("PUT key" + id + " value " + id)).isEqualTo("OK");
                }
                for (NodeProcess node : cluster.nodes()) {
                    try (LineClient client = node.client()) {
                        assertThat(client.ask("GET key" + id)).isEqualTo("value " + id);
                    }
                }
            }
            try (LineClient client = cluster.followers().getFirst().client()) {
                assertThat(client.ask("DELETE key1")).isEqualTo("OK");
                assertThat(client.ask("DELETE key1")).isEqualTo("NOT_FOUND");
                assertThat(client.ask("GET key1")).isEmpty();
                assertInOrder(client);
            }
            try (LineClient client = cluster.leader().client()) {
                assertInOrder(client);
                String large = "x".repeat(1_000_000);
                assertThat(client.ask("PUT large " + large)).isEqualTo("OK");
                List<String> gets = new ArrayList<>();
                for (int i = 0; i < 60; i++) {
                    gets.add("GET large");
                }
                assertThat(client.pipeline(gets)).containsOnly(large);
            }
            for (NodeProcess node : cluster.nodes()) {
                // On a slow machine it may take long until all run, and until one of them leads.
                assertThat(node.output().lines())
                        .filteredOn(line -> !line.contains("no leader that takes commands"))
                        .filteredOn(line -> !line.contains(" cannot be reached: "))
                        .noneMatch(line -> line.matches(".*(WARNING| WARN | ERROR ).*"));
            }
        }
    }

    private static void assertInOrder(LineClient client) {
        List<String> lines = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            lines.addAll(List.of("PUT k " + i, "GET k", "PING"));
            expected.addAll(List.of("OK", Integer.toString(i), "PONG"));
        }
        assertThat(client.pipeline(lines)).isEqualTo(expected);
    }

    @Test
    void whenTheLeaderIsKilledThenAnotherOneLeadsAndNothingIsLost() throws Exception {
        try (ClusterOfThree cluster = new ClusterOfThree(directory).start()) {
            NodeProcess leader = cluster.leader();
            NodeProcess other = cluster.nodes().get(leader == cluster.node(1) ? 1 : 0);
            AckedWrites writes = new AckedWrites(other, 50, 20).mayFail();
            writes.start(8, 1);
            awaitMore(writes, 500);
            leader.kill9();
            awaitMore(writes, 500);
            leader.start();
            awaitMore(writes, 500);
            writes.stop();
            cluster.awaitEqual();
            for (NodeProcess node : cluster.nodes()) {
                assertThat(writes.check(node)).isEmpty();
            }
        }
    }

    private static void awaitMore(AckedWrites writes, int count) {
        long goal = writes.acknowledged() + count;
        Awaitility.await("writes")
                .atMost(NodeProcess.PATIENCE)
                .until(() -> writes.acknowledged() >= goal);
    }

    @Test
    void whenAllAreKilledAtOnceThenEveryAcknowledgedWriteIsThere() throws Exception {
        try (ClusterOfThree cluster = new ClusterOfThree(directory).start()) {
            AckedWrites writes = new AckedWrites(cluster.node(2), 50, 20).mayFail();
            for (int round = 0; round < 2; round++) {
                writes.start(8, round);
                awaitMore(writes, 500);
                cluster.nodes().forEach(node -> node.signal("KILL"));
                cluster.nodes().forEach(NodeProcess::waitForExit);
                writes.join();
                cluster.start();
                assertThat(writes.check(cluster.node(3))).isEmpty();
            }
            cluster.awaitEqual();
        }
    }

    @Test
    void whenANodeWasAwayForLongerThanTheLogGoesBackThenItTakesASnapshot() throws Exception {
        try (ClusterOfThree cluster =
                new ClusterOfThree(directory, "--keyval.cluster.snapshot-threshold=1MB").start()) {
            NodeProcess away = cluster.followers().getFirst();
            put(cluster.leader(), 0, 10);
            assertThat(away.stop()).isEqualTo(TERMINATED);
            put(cluster.leader(), 0, 400);
            away.start();
            Awaitility.await("snapshot")
                    .atMost(NodeProcess.PATIENCE)
                    .until(() -> away.outputOfThisRun().contains("took over a snapshot"));
            cluster.awaitEqual();
            put(away, 400, 20);
            cluster.awaitEqual();
            NodeProcess third =
                    cluster.followers().stream().filter(node -> node != away).findFirst().get();
            third.kill9();
            try (LineClient client = away.client()) {
                assertThat(client.ask("GET key7")).hasSize(10_000);
                assertThat(client.ask("PUT more 1")).isEqualTo("OK");
            }
            away.kill9();
            away.start();
            third.start();
            cluster.awaitEqual();
            try (LineClient client = away.client()) {
                assertThat(client.ask("GET key419")).hasSize(10_000);
                assertThat(client.ask("GET more")).isEqualTo("1");
            }
        }
    }

    private static void put(NodeProcess node, int from, int count) {
        try (LineClient client = node.client()) {
            for (int i = from; i < from + count; i++) {
                assertThat(client.ask("PUT key" + i + " " + "v".repeat(10_000))).isEqualTo("OK");
            }
        }
    }

    @Test
    void whenTheLeaderIsStoppedUnderLoadThenNoCommandFails() throws Exception {
        try (ClusterOfThree cluster = new ClusterOfThree(directory).start()) {
            NodeProcess leader = cluster.leader();
            NodeProcess other = cluster.nodes().get(leader == cluster.node(1) ? 1 : 0);
            AckedWrites writes = new AckedWrites(other, 50, 20);
            writes.start(8, 1);
            awaitMore(writes, 500);
            assertThat(leader.stop()).isEqualTo(TERMINATED);
            awaitMore(writes, 500);
            writes.stop();
            for (NodeProcess node : cluster.nodes()) {
                assertThat(node.output()).doesNotContain(" ERROR ");
            }
            assertThat(leader.output()).contains("leads in the place of this one");
            leader.start();
            cluster.awaitEqual();
            for (NodeProcess node : cluster.nodes()) {
                assertThat(writes.check(node)).isEmpty();
            }
        }
    }

    @Test
    void whenNodesDoNotForwardThenOnlyTheLeaderTakesCommands() {
        try (ClusterOfThree cluster =
                new ClusterOfThree(
                                directory,
                                "--keyval.cluster.forward=false",
                                "--keyval.cluster.election-timeout=5s")
                        .start()) {
            try (LineClient client = cluster.leader().client()) {
                assertThat(client.ask("PUT a 1")).isEqualTo("OK");
                assertThat(client.ask("GET a")).isEqualTo("1");
            }
            for (NodeProcess node : cluster.followers()) {
                try (LineClient client = node.client()) {
                    assertThat(client.pipeline(List.of("PUT a 2", "GET a", "DELETE a", "PING")))
                            .containsExactly(
                                    "WRITE_NOT_ALLOWED", "ERROR", "WRITE_NOT_ALLOWED", "PONG");
                }
            }
        }
    }

    @Test
    void whenThereAreSeveralShardsThenEachNodeKnowsTheWay() throws Exception {
        try (ClusterOfThree cluster =
                new ClusterOfThree(
                                directory,
                                "--keyval.cluster.shards=4",
                                "--keyval.cluster.replication-factor=2")
                        .startShards()) {
            List<String> puts = new ArrayList<>();
            List<String> gets = new ArrayList<>();
            List<String> values = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                puts.add("PUT key%d %d".formatted(i, i));
                gets.add("GET key" + i);
                values.add(Integer.toString(i));
            }
            try (LineClient client = cluster.node(1).client()) {
                assertThat(client.pipeline(puts)).containsOnly("OK");
            }
            for (NodeProcess node : cluster.nodes()) {
                try (LineClient client = node.client()) {
                    assertThat(client.pipeline(gets)).isEqualTo(values);
                }
            }
            cluster.nodes().forEach(node -> node.signal("KILL"));
            cluster.nodes().forEach(NodeProcess::waitForExit);
            cluster.startShards();
            try (LineClient client = cluster.node(2).client()) {
                assertThat(client.pipeline(gets)).isEqualTo(values);
            }
        }
    }

    @Test
    void whenANodeLostItsDataThenItDoesNotComeBackUnderItsOldId() throws IOException {
        try (ClusterOfThree cluster = new ClusterOfThree(directory).start()) {
            NodeProcess lost = cluster.followers().getFirst();
            Awaitility.await("acquaintance")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> knowEachOther(cluster));
            assertThat(lost.stop()).isEqualTo(TERMINATED);
            FileSystemUtils.deleteRecursively(lost.dataDir());
            lost.launch();
            assertThat(lost.waitForExit()).isNotZero();
            assertThat(lost.outputOfThisRun())
                    .contains("is a member of the cluster keyval with data that is not in")
                    .doesNotContain("\tat ");
        }
    }

    /** Whether the storage of each node is known to both others. */
    private static boolean knowEachOther(ClusterOfThree cluster) throws IOException {
        for (int id = 1; id <= 3; id++) {
            for (int other = 1; other <= 3; other++) {
                Path file = cluster.node(id).dataDir().resolve("cluster.json");
                if (other != id && !Files.readString(file).contains("\"" + other + "\"")) {
                    return false;
                }
            }
        }
        return true;
    }

    @Test
    void whenANodeIsAloneThenItKeepsWhatItWasTold() {
        try (NodeProcess node =
                NodeProcess.node(directory.resolve("alone"))
                        .arguments("--spring.profiles.active=cluster")
                        .start()) {
            try (LineClient client = node.client()) {
                assertThat(client.pipeline(List.of("PUT a 1", "GET a", "PUT b 2", "DELETE b")))
                        .containsExactly("OK", "1", "OK", "OK");
            }
            node.kill9();
            node.start();
            try (LineClient client = node.client()) {
                assertThat(client.pipeline(List.of("GET a", "GET b"))).containsExactly("1", "");
            }
            assertThat(node.stop()).isEqualTo(TERMINATED);
            assertThat(node.output()).doesNotContain("WARNING", " ERROR ");
        }
    }

    @Test
    void whenWhatWasFixedIsChangedThenTheNodeDoesNotStart() {
        Path data = directory.resolve("fixed");
        try (NodeProcess node =
                NodeProcess.node(data).arguments("--spring.profiles.active=cluster").start()) {
            assertThat(node.stop()).isEqualTo(TERMINATED);
        }
        try (NodeProcess node =
                NodeProcess.node(data)
                        .arguments("--spring.profiles.active=cluster", "--keyval.cluster.shards=2")
                        .build()) {
            node.launch();
            assertThat(node.waitForExit()).isNotZero();
            assertThat(node.output())
                    .contains("keyval.cluster.shards is 2, but")
                    .doesNotContain("\tat ");
        }
    }
}
