package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.util.FileSystemUtils;

/** A leader and followers in processes of their own, through what happens to such processes. */
class ReplicationIT {

    private static final String SECRET = "hush";
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir private Path directory;

    @Test
    void whenNodesAreRestartedOrPausedThenAFollowerGetsOnlyWhatItMissed() {
        try (NodeProcess leader = leader().start();
                NodeProcess follower = follower(2, leader).start()) {
            write(leader, "first", 200);
            assertInStep(leader, follower);
            waiting().untilAsserted(() -> assertThat(resyncs(leader, "full")).isEqualTo(1));
            assertThat(resyncs(follower, "full")).isEqualTo(1);
            try (LineClient reader = follower.client()) {
                assertThat(reader.ask("GET first7")).isEqualTo("value 7");
                assertThat(reader.pipeline(List.of("PUT a b", "DELETE first7", "GET first7")))
                        .containsExactly("WRITE_NOT_ALLOWED", "WRITE_NOT_ALLOWED", "value 7");
            }

            assertThat(follower.stop()).as("SIGTERM").isEqualTo(143);
            write(leader, "second", 200);
            follower.start();
            assertInStep(leader, follower);
            assertPartialOnly(follower);

            follower.kill9();
            write(leader, "third", 200);
            follower.start();
            assertInStep(leader, follower);
            assertPartialOnly(follower);

            leader.kill9();
            try (LineClient reader = follower.client()) {
                assertThat(reader.ask("GET third7")).isEqualTo("value 7");
            }
            leader.start();
            write(leader, "fourth", 200);
            assertInStep(leader, follower);
            assertPartialOnly(follower);
            assertThat(resyncs(leader, "full")).isZero();

            follower.pause();
            write(leader, "fifth", 200);
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(followers(leader)).as("followers").isEmpty());
            write(leader, "sixth", 200);
            follower.resume();
            assertInStep(leader, follower);
            assertPartialOnly(follower);
            assertThat(resyncs(leader, "full")).isZero();

            follower.pause();
            assertThat(leader.stop()).as("SIGTERM, with a paused follower").isEqualTo(143);
            assertThat(leader.output()).doesNotContain("\tat ");
            assertThat(follower.output()).doesNotContain("\tat ").doesNotContain(SECRET);
        }
    }

    @Test
    void whenALeaderCompactsWhileAFollowerIsAwayThenOnlyRetainedHistoryIsContinued() {
        try (NodeProcess leader =
                        leader().arguments(
                                        "--keyval.wal.retain=100KB",
                                        "--keyval.wal.compact-min-size=1GB")
                                .start();
                NodeProcess follower = follower(2, leader).start()) {
            write(leader, "kept", 3000);
            assertInStep(leader, follower);

            follower.stop();
            write(leader, "few", 100);
            assertThat(post(leader, "/actuator/compaction")).isEqualTo(200);
            follower.start();
            assertInStep(leader, follower);
            assertPartialOnly(follower);

            follower.stop();
            write(leader, "many", 20_000);
            assertThat(post(leader, "/actuator/compaction")).isEqualTo(200);
            leader.pause();
            follower.start();
            try (LineClient reader = follower.client()) {
                assertThat(reader.pipeline(List.of("GET few7", "GET many7")))
                        .as("what is served before the full sync")
                        .containsExactly("value 7", "");
                leader.resume();
                assertInStep(leader, follower);
                assertThat(reader.pipeline(List.of("GET few7", "GET many7")))
                        .containsExactly("value 7", "value 7");
            }
            assertThat(resyncs(follower, "full")).isEqualTo(1);
            assertThat(follower.outputOfThisRun()).contains("(compacted)");
            assertThat(replaced(follower)).as("logs set aside").isEmpty();
        }
    }

    @Test
    void whenMoreFollowersComeThanAllowedThenOneHasToLeaveFirst() {
        // The leader gives up nobody while the test goes on, and the live follower is often heard.
        try (NodeProcess leader =
                        leader().arguments(
                                        "--keyval.replication.heartbeat=10s",
                                        "--keyval.replication.timeout=60s")
                                .start();
                NodeProcess follower =
                        follower(2, leader)
                                .arguments(
                                        "--keyval.replication.heartbeat=200ms",
                                        "--keyval.replication.timeout=60s")
                                .start()) {
            assertInStep(leader, follower);
            assertThat(hello(leader, "1:" + SECRET)).isEqualTo("ID_ALREADY_TAKEN");
            assertThat(hello(leader, "2:" + SECRET)).isEqualTo("ID_ALREADY_TAKEN");
            assertThat(hello(leader, "3:wrong")).isEqualTo("INVALID_SECRET_KEY");
            assertThat(hello(leader, "0:" + SECRET)).isEqualTo("INVALID_HANDSHAKE_MESSAGE");
            assertThat(hello(follower, "3:" + SECRET))
                    .isEqualTo("CANNOT_ACCEPT_FOLLOWER_CONNECTION");

            List<LineClient> others = new ArrayList<>();
            try {
                for (int id = 3; id <= 11; id++) {
                    LineClient other = leader.connect();
                    others.add(other);
                    assertThat(other.ask("HELLO FOLLOWER|" + id + ":" + SECRET))
                            .isEqualTo("HELLO LEADER");
                }
                assertThat(hello(leader, "12:" + SECRET)).isEqualTo("MAX_SIZE_EXCEEDED");
                others.getFirst().close();
                await().atMost(SOON)
                        .until(() -> hello(leader, "12:" + SECRET).equals("HELLO LEADER"));
            } finally {
                others.forEach(LineClient::close);
            }
            assertThat(followers(leader)).anyMatch(f -> f.get("id").equals(2));

            try (NodeProcess wrong =
                    NodeProcess.follower(3, directory.resolve("wrong"), leader.port())
                            .secret("other")
                            .start()) {
                await().atMost(SOON)
                        .untilAsserted(
                                () -> assertThat(reason(wrong)).contains("INVALID_SECRET_KEY"));
            }
            try (NodeProcess same =
                    NodeProcess.follower(2, directory.resolve("same"), leader.port())
                            .secret(SECRET)
                            .start()) {
                await().atMost(SOON)
                        .untilAsserted(() -> assertThat(reason(same)).contains("ID_ALREADY_TAKEN"));
            }
            assertThat(resyncs(follower, "partial")).as("the live one was left alone").isZero();
        }
    }

    @Test
    void whenALeaderIsRebornEmptyThenItWipesNobodyUnlessThatIsAllowed() throws IOException {
        try (NodeProcess leader = leader().start();
                NodeProcess follower = follower(2, leader).start()) {
            write(leader, "old", 10);
            assertInStep(leader, follower);

            leader.kill9();
            FileSystemUtils.deleteRecursively(leader.dataDir());
            leader.start();
            await().atMost(SOON)
                    .untilAsserted(
                            () ->
                                    assertThat(follower.get("/actuator/health").body())
                                            .contains("DEGRADED")
                                            .contains("accept-empty-leader"));
            try (LineClient reader = follower.client()) {
                assertThat(reader.ask("GET old7")).isEqualTo("value 7");
            }
            assertThat(resyncs(leader, "full")).isZero();

            follower.stop();
            try (NodeProcess allowed =
                    NodeProcess.follower(2, follower.dataDir(), leader.port())
                            .secret(SECRET)
                            .arguments("--keyval.replication.accept-empty-leader=true")
                            .start()) {
                assertInStep(leader, allowed);
                try (LineClient reader = allowed.client()) {
                    assertThat(reader.ask("GET old7")).isEmpty();
                    write(leader, "new", 10);
                    assertInStep(leader, allowed);
                    assertThat(reader.ask("GET new7")).isEqualTo("value 7");
                }
                assertThat(replaced(allowed)).as("logs set aside").hasSize(1);
            }
        }
    }

    @Test
    void whenAcknowledgementsOfFollowersAreAskedForThenOkMeansTheyHaveIt() {
        try (NodeProcess leader =
                        leader().arguments(
                                        "--keyval.replication.min-acks=1",
                                        "--keyval.replication.ack-timeout=10s")
                                .start();
                LineClient client = leader.client()) {
            assertThat(client.ask("PUT a 1")).isEqualTo("ERROR");
            assertThat(client.ask("GET a")).as("it is durable here all the same").isEqualTo("1");
            assertThat(leader.get("/actuator/health").body()).contains("DEGRADED");

            try (NodeProcess follower =
                            follower(2, leader)
                                    .arguments("--keyval.follower.max-staleness=3s")
                                    .start();
                    LineClient reader = follower.client()) {
                assertInStep(leader, follower);
                for (int i = 0; i < 50; i++) {
                    assertThat(client.ask("PUT a " + i)).isEqualTo("OK");
                    assertThat(position(follower)).isGreaterThanOrEqualTo(position(leader));
                }
                assertThat(leader.get("/actuator/health").body()).doesNotContain("DEGRADED");
                await().atMost(SOON).until(() -> "49".equals(reader.ask("GET a")));

                follower.pause();
                assertThat(client.ask("PUT b 1")).isEqualTo("ERROR");
                follower.resume();
                await().atMost(SOON).until(() -> "OK".equals(client.ask("PUT b 2")));
                await().atMost(SOON).until(() -> "2".equals(reader.ask("GET b")));

                leader.pause();
                await("GET is refused when the leader is silent for too long")
                        .atMost(SOON)
                        .until(() -> "ERROR".equals(reader.ask("GET b")));
                assertThat(reader.ask("PING")).isEqualTo("PONG");
                assertThat(follower.get("/actuator/health/readiness").statusCode()).isEqualTo(503);
                leader.resume();
                await().atMost(SOON).until(() -> "2".equals(reader.ask("GET b")));
            }
        }
    }

    @Test
    void whenTheLeaderIsChangedAsPlannedThenNothingIsLost() {
        try (NodeProcess first = leader().start();
                NodeProcess second = follower(2, first).start();
                NodeProcess third = follower(3, first).start();
                LineClient client = first.client()) {
            write(first, "early", 500);
            assertInStep(first, second);
            assertInStep(first, third);
            assertThat(post(first, "/actuator/replication/promote")).isEqualTo(409);
            assertThat(post(first, follow(second))).as("an id is missing").isEqualTo(409);
            assertThat(first.http("POST", follow(second) + "&id=4", null).statusCode())
                    .isEqualTo(401);

            write(first, "late", 500);
            assertThat(post(first, follow(second) + "&id=4")).isEqualTo(200);
            assertThat(client.ask("PUT a b")).isEqualTo("WRITE_NOT_ALLOWED");
            assertThat(post(second, "/actuator/replication/promote")).isEqualTo(200);
            assertThat(post(third, follow(second))).isEqualTo(200);
            write(second, "after", 10);
            assertInStep(second, first);
            assertInStep(second, third);
            waiting()
                    .untilAsserted(
                            () -> assertThat(resyncs(second, "partial")).isGreaterThanOrEqualTo(2));
            assertThat(resyncs(second, "full")).isEqualTo(1);
            try (LineClient reader = third.client()) {
                assertThat(reader.pipeline(List.of("GET early7", "GET late499", "GET after7")))
                        .containsExactly("value 7", "value 499", "value 7");
            }

            second.stop();
            try (NodeProcess again =
                    NodeProcess.leader(second.dataDir()).secret(SECRET).build().launch()) {
                assertThat(again.waitForExit()).isNotZero();
                assertThat(again.output())
                        .contains("rename it to leader.log")
                        .doesNotContain("\tat ");
                renameLog(again.dataDir());
                again.start();
                try (LineClient reader = again.client()) {
                    assertThat(reader.ask("GET after7")).isEqualTo("value 7");
                }
            }
        }
    }

    @Test
    void whenTheLeaderDiesThenTheTailThatNobodyHasIsKeptAside() {
        try (NodeProcess first = leader().start();
                NodeProcess second = follower(2, first).start();
                NodeProcess third = follower(3, first).start()) {
            write(first, "shared", 50);
            assertInStep(first, second);
            assertInStep(first, third);

            second.stop();
            third.stop();
            write(first, "tail", 5);
            first.kill9();
            second.start();
            third.start();
            assertThat(post(second, "/actuator/replication/promote")).isEqualTo(409);
            assertThat(post(second, "/actuator/replication/promote?force=true")).isEqualTo(200);
            assertThat(post(third, follow(second))).isEqualTo(200);
            write(second, "new", 20);
            assertInStep(second, third);

            first.start();
            try (LineClient old = first.client()) {
                assertThat(old.ask("GET tail3")).isEqualTo("value 3");
                assertThat(post(third, follow(first))).isEqualTo(200);
                await("the old leader learns of the later one")
                        .atMost(SOON)
                        .until(() -> "WRITE_NOT_ALLOWED".equals(old.ask("PUT a b")));
                waiting()
                        .untilAsserted(
                                () ->
                                        assertThat(first.get("/actuator/health").body())
                                                .contains("DEGRADED")
                                                .contains("takes no more writes"));
                assertThat(post(third, follow(second))).isEqualTo(200);
                assertThat(post(first, follow(second) + "&id=4")).isEqualTo(200);
                assertInStep(second, first);
                assertInStep(second, third);
                assertThat(old.pipeline(List.of("GET tail3", "GET new7")))
                        .containsExactly("", "value 7");
            }
            assertThat(replaced(first)).as("logs set aside").hasSize(1);
            assertThat(replaced(third)).isEmpty();
        }
    }

    private static void renameLog(Path directory) {
        try {
            Files.move(directory.resolve("follower_2.log"), directory.resolve("leader.log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private NodeProcess.Builder leader() {
        return NodeProcess.leader(directory.resolve("leader")).secret(SECRET);
    }

    private NodeProcess.Builder follower(int id, NodeProcess leader) {
        return NodeProcess.follower(id, directory.resolve("follower" + id), leader.port())
                .secret(SECRET);
    }

    private static void write(NodeProcess leader, String prefix, int count) {
        List<String> puts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            puts.add("PUT " + prefix + i + " value " + i);
        }
        try (LineClient client = leader.client()) {
            assertThat(client.pipeline(puts)).containsOnly("OK");
        }
    }

    private static String hello(NodeProcess node, String who) {
        try (LineClient client = node.connect()) {
            return String.valueOf(client.ask("HELLO FOLLOWER|" + who));
        }
    }

    private static String follow(NodeProcess leader) {
        return "/actuator/replication/follow?host=127.0.0.1&port=" + leader.port();
    }

    private static int post(NodeProcess node, String path) {
        var response = node.http("POST", path, SECRET);
        if (response.statusCode() >= 400) {
            assertThat(response.body()).contains("\"error\":").doesNotContain("\tat ");
        }
        return response.statusCode();
    }

    /** Waits until the two hold the same data at the same position, over a link that streams. */
    private static void assertInStep(NodeProcess leader, NodeProcess follower) {
        waiting()
                .untilAsserted(
                        () -> {
                            assertThat(link(follower)).containsEntry("state", "streaming");
                            assertThat(position(follower)).isEqualTo(position(leader));
                        });
        assertThat(state(follower).get("digest")).isEqualTo(state(leader).get("digest"));
    }

    private static ConditionFactory waiting() {
        return await().atMost(SOON).pollInterval(Duration.ofMillis(50));
    }

    private static void assertPartialOnly(NodeProcess follower) {
        waiting().untilAsserted(() -> assertThat(resyncs(follower, "partial")).isPositive());
        assertThat(resyncs(follower, "full")).as("full syncs in all").isLessThanOrEqualTo(1);
    }

    private static long resyncs(NodeProcess node, String kind) {
        Pattern line =
                Pattern.compile(
                        "keyval_replication_resyncs_total\\{.*kind=\"" + kind + "\".*} (\\d+)\\.0");
        return node.get("/actuator/prometheus")
                .body()
                .lines()
                .map(line::matcher)
                .filter(Matcher::matches)
                .mapToLong(found -> Long.parseLong(found.group(1)))
                .sum();
    }

    private static List<Path> replaced(NodeProcess node) {
        try (Stream<Path> files = Files.list(node.dataDir())) {
            return files.filter(f -> f.getFileName().toString().contains(".replaced-")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Object> state(NodeProcess node) {
        return JsonParserFactory.getJsonParser()
                .parseMap(node.http("GET", "/actuator/replication?digest=true", SECRET).body());
    }

    private static long position(NodeProcess node) {
        return ((Number) state(node).get("position")).longValue();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> link(NodeProcess follower) {
        return (Map<String, Object>)
                JsonParserFactory.getJsonParser()
                        .parseMap(follower.get("/actuator/replication").body())
                        .getOrDefault("leader", Map.of());
    }

    private static String reason(NodeProcess follower) {
        return String.valueOf(link(follower).get("reason"));
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> followers(NodeProcess leader) {
        return (List<Map<String, Object>>) state(leader).getOrDefault("followers", List.of());
    }
}
