package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.json.JsonParserFactory;

/** What a leader and its follower, started by the short options side by side, tell over HTTP. */
class StatusIT {

    @TempDir Path directory;

    @Test
    void whenALeaderAndAFollowerRunThenEachTellsOfTheOther() {
        try (NodeProcess leader = leader().start()) {
            try (NodeProcess follower = follower(leader.port()).start();
                    LineClient client = leader.client();
                    LineClient reader = follower.client()) {
                assertThat(client.ask("PUT a b")).isEqualTo("OK");
                await().atMost(NodeProcess.PATIENCE)
                        .untilAsserted(() -> assertThat(reader.ask("GET a")).isEqualTo("b"));
                await().atMost(NodeProcess.PATIENCE)
                        .untilAsserted(() -> assertInStep(leader, follower));
                assertThat(directory.resolve("data/leader.log")).isNotEmptyFile();
                assertThat(directory.resolve("data/follower_2/follower_2.log")).isNotEmptyFile();

                leader.kill9();
                await().atMost(NodeProcess.PATIENCE)
                        .untilAsserted(
                                () ->
                                        assertThat(health(follower, "", 200))
                                                .containsEntry("status", "DEGRADED"));
                assertThat(health(follower, "/readiness", 200)).isNotEmpty();
                assertThat(health(follower, "/liveness", 200)).containsEntry("status", "UP");
                assertThat(reader.ask("GET a")).isEqualTo("b");
                assertThat(child(replication(follower), "leader").get("state"))
                        .isNotEqualTo("streaming");

                assertThat(reader.ask("PUT a c")).isEqualTo("WRITE_NOT_ALLOWED");
                String promote = "/actuator/replication/promote";
                assertThat(follower.http("POST", promote, null).statusCode()).isEqualTo(401);
                assertThat(follower.http("POST", promote, "hush").body())
                        .contains("\"role\":\"leader\"");
                assertThat(reader.ask("PUT a c")).isEqualTo("OK");
                assertThat(health(follower, "", 200)).containsEntry("status", "UP");
            }
        }
    }

    @Test
    void whenAFollowerNeverHadALeaderThenItIsNotReady() {
        try (NodeProcess follower = follower(1).start()) {
            assertThat(health(follower, "/readiness", 503))
                    .containsEntry("status", "OUT_OF_SERVICE");
            assertThat(health(follower, "/liveness", 200)).containsEntry("status", "UP");
        }
    }

    private static void assertInStep(NodeProcess leader, NodeProcess follower) {
        assertThat(health(leader, "", 200)).containsEntry("status", "UP");
        assertThat(health(follower, "", 200)).containsEntry("status", "UP");
        assertThat(health(follower, "/readiness", 200)).containsEntry("status", "UP");

        Map<String, Object> ofLeader = replication(leader);
        Map<String, Object> ofFollower = replication(follower);
        assertThat(ofLeader).containsEntry("role", "leader").containsEntry("id", 1);
        assertThat(ofFollower).containsEntry("role", "follower").containsEntry("id", 2);
        assertThat(ofLeader.get("position")).isEqualTo(ofFollower.get("position"));
        assertThat(ofLeader.get("digest")).isNotNull().isEqualTo(ofFollower.get("digest"));
        assertThat(ofLeader).doesNotContainKey("leader");
        assertThat(ofFollower).doesNotContainKey("followers");

        List<?> followers = (List<?>) ofLeader.get("followers");
        assertThat(followers).hasSize(1);
        assertThat((Map<?, ?>) followers.getFirst())
                .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
                .containsEntry("id", 2)
                .containsEntry("state", "streaming")
                .containsEntry("acknowledgedPosition", ofLeader.get("position"))
                .containsEntry("lagRecords", 0)
                .containsEntry("lagBytes", 0)
                .containsKeys("address", "lagSeconds");
        assertThat(child(ofFollower, "leader"))
                .containsEntry("state", "streaming")
                .containsEntry("lagRecords", 0);

        assertThat(leader.get("/actuator/prometheus").body().lines())
                .contains(
                        "keyval_followers 1.0",
                        "keyval_replication_lag_records{follower=\"2\"} 0.0")
                .anyMatch(line -> line.startsWith("keyval_replication_resyncs_total{"));
        assertThat(follower.get("/actuator/prometheus").body().lines())
                .contains("keyval_keys 1.0", "keyval_replication_lag_records{follower=\"2\"} 0.0")
                .anyMatch(line -> line.startsWith("keyval_replication_resyncs_total{"));
    }

    private NodeProcess.Builder leader() {
        return bare().arguments("--role", "leader", "--port", "0");
    }

    private NodeProcess.Builder follower(int leaderPort) {
        return bare().arguments("--role", "follower", "--id", "2", "--port", "0")
                .arguments("--leader_host", "127.0.0.1", "--leader_port=" + leaderPort);
    }

    private NodeProcess.Builder bare() {
        return NodeProcess.node(directory.resolve("data"))
                .bare()
                .directory(directory)
                .secret("hush")
                .arguments("--management.server.port=0");
    }

    private static Map<String, Object> health(NodeProcess node, String group, int status) {
        var response = node.get("/actuator/health" + group);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return JsonParserFactory.getJsonParser().parseMap(response.body());
    }

    private static Map<String, Object> replication(NodeProcess node) {
        return JsonParserFactory.getJsonParser()
                .parseMap(node.http("GET", "/actuator/replication?digest=true", "hush").body());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> child(Map<String, Object> map, String name) {
        return (Map<String, Object>) map.get(name);
    }
}
