package io.keyval.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.cluster.ClusterException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/** What a node of a cluster tells over HTTP, and how the cluster is changed there. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.profiles.active=cluster",
            "keyval.port=0",
            "keyval.address=127.0.0.1"
        })
@TestPropertySource(properties = "keyval.secret=hush")
@Import(ClusterHttpTests.Fake.class)
@DirtiesContext
class ClusterHttpTests {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String SECRET = "keyval:hush";

    @TestConfiguration
    static class Fake {

        @Bean
        @Primary
        FakeCluster fakeCluster() {
            return new FakeCluster();
        }
    }

    @TempDir static Path dataDir;

    @Autowired private FakeCluster cluster;
    @Autowired private ApplicationContext context;

    @DynamicPropertySource
    static void dataDir(DynamicPropertyRegistry registry) {
        registry.add("keyval.data-dir", () -> dataDir.resolve("data").toString());
    }

    @BeforeEach
    void reset() {
        cluster.reset();
    }

    @Test
    void whenAnybodyAsksThenTheClusterIsShown() {
        HttpResponse<String> answer = send("GET", "", "", null);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body())
                .isEqualTo(
                        """
                        {"node":1,"name":"keyval","reads":"log","forward":true,"shards":1,"replicationFactor":3,\
                        "nodes":[{"id":1,"raft":"127.0.0.1:6001","client":"127.0.0.1:5000","http":"127.0.0.1:8080","voting":true},\
                        {"id":2,"raft":"127.0.0.1:6002","client":"127.0.0.1:5001","http":"127.0.0.1:8081","voting":true},\
                        {"id":3,"raft":"127.0.0.1:6003","voting":false}],\
                        "groups":[{"shard":0,"group":"6d79d2bb-f0c2-3d04-8f5c-b5e0dbd8e4b8","role":"leader","term":3,"leader":1,\
                        "leaderSince":"2026-03-01T10:00:00Z","committed":120,"applied":119,"snapshot":100,"keys":12,"caughtUp":true,\
                        "leaderChanges":2,"peers":[{"id":2,"voting":true,"matched":118,"lag":2,"silentMillis":12},{"id":3,"voting":false}]}]}""");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"node\":\"4@10.0.0.4:6001\"} | add 4@10.0.0.4:6001 voting=true",
                "{\"node\":\"4@a.b:6001\",\"voting\":false} | add 4@a.b:6001 voting=false",
            })
    void whenANodeIsAddedThenTheClusterIsAskedAndShown(String body, String asked) {
        HttpResponse<String> answer = send("POST", "/nodes", SECRET, body);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).startsWith("{\"node\":1,");
        assertThat(cluster.asked()).containsExactly(asked);
    }

    @Test
    void whenANodeIsRemovedThenTheClusterIsAskedAndShown() {
        HttpResponse<String> answer = send("DELETE", "/nodes/3", SECRET, null);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).startsWith("{\"node\":1,");
        assertThat(cluster.asked()).containsExactly("remove 3");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"node\":2} | transfer 2 shard=null",
                "{\"node\":2,\"shard\":0} | transfer 2 shard=0"
            })
    void whenTheLeadIsHandedOverThenTheClusterIsAskedAndShown(String body, String asked) {
        HttpResponse<String> answer = send("POST", "/leader", SECRET, body);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).startsWith("{\"node\":1,");
        assertThat(cluster.asked()).containsExactly(asked);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "/nodes | {} | A node is named as id@host:port, such as {\"node\":\"4@10.0.0.4:6001\"}, but not as ''.",
                "/nodes | {\"node\":\"4\"} | A node is named as id@host:port, such as {\"node\":\"4@10.0.0.4:6001\"}, but not as '4'.",
                "/leader | {} | A leader is named by its id: {\"node\":2}, with \"shard\" for one shard alone.",
                "/leader | {\"node\":0} | A leader is named by its id: {\"node\":2}, with \"shard\" for one shard alone.",
                "/leader | {\"node\":\"two\"} | The body must be JSON, such as {\"node\":\"4@10.0.0.4:6001\"} for nodes and {\"node\":2} for leader, with no fields but node, voting and shard.",
                "/nodes | {\"node\" | The body must be JSON, such as {\"node\":\"4@10.0.0.4:6001\"} for nodes and {\"node\":2} for leader, with no fields but node, voting and shard.",
                "/nodes | {\"node\":\"4@a.b:6001\",\"vote\":false} | The body must be JSON, such as {\"node\":\"4@10.0.0.4:6001\"} for nodes and {\"node\":2} for leader, with no fields but node, voting and shard.",
                "/nodes | `` | The body must be JSON, such as {\"node\":\"4@10.0.0.4:6001\"} for nodes and {\"node\":2} for leader, with no fields but node, voting and shard."
            })
    void whenARequestDoesNotSayWhatItShouldThenTheAnswerDoes(
            String path, String body, String error) {
        assertRefused(send("POST", path, SECRET, body), 400, error);
    }

    @Test
    void whenTheIdOfANodeIsNoneThenTheAnswerSaysSo() {
        assertRefused(
                send("DELETE", "/nodes/four", SECRET, null),
                400,
                "A node has an id of 1 or more: nodes/4, but not nodes/four.");
    }

    @ParameterizedTest
    @CsvSource({"REFUSED,409", "UNKNOWN,404", "UNAVAILABLE,503"})
    void whenTheClusterRefusesThenTheReasonIsTheAnswer(ClusterException.Kind kind, int status) {
        cluster.refuse(new ClusterException(kind, "There is a reason."));
        assertRefused(
                send("POST", "/nodes", SECRET, "{\"node\":\"4@a:6001\"}"),
                status,
                "There is a reason.");
        assertRefused(send("DELETE", "/nodes/3", SECRET, null), status, "There is a reason.");
        assertRefused(
                send("POST", "/leader", SECRET, "{\"node\":2}"), status, "There is a reason.");
    }

    @Test
    void whenTheNodeHasNotStartedThenNothingIsDone() {
        cluster.run(false);
        cluster.show(FakeCluster.of());
        String error = "This node has not started yet, or stops.";
        assertRefused(send("POST", "/nodes", SECRET, "{\"node\":\"4@a:6001\"}"), 503, error);
        assertRefused(send("DELETE", "/nodes/3", SECRET, null), 503, error);
        assertRefused(send("POST", "/leader", SECRET, "{\"node\":2}"), 503, error);
        assertThat(send("GET", "", "", null).body()).endsWith("\"groups\":[]}");
    }

    @ParameterizedTest
    @CsvSource({"'',401", "keyval:wrong,401"})
    void whenTheSecretIsNotGivenThenNothingIsChanged(String credentials, int status) {
        assertThat(send("POST", "/leader", credentials, "{\"node\":2}").statusCode())
                .isEqualTo(status);
        assertThat(send("POST", "/nodes", credentials, "{}").statusCode()).isEqualTo(status);
        assertThat(send("DELETE", "/nodes/2", credentials, null).statusCode()).isEqualTo(status);
        assertThat(cluster.asked()).isEmpty();
    }

    @Test
    void whenTheNodeServesThenItIsReady() {
        assertThat(health("health/readiness")).startsWith("200 ").contains("\"cluster\":{");
        assertThat(health("health")).contains("\"leads\":1", "\"shards\":{");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "candidate | | true | Nobody is known to lead shard 0.",
                "follower | 2 | false | Shard 0 has not caught up since the start: 119 of 120 entries."
            })
    void whenTheNodeCannotServeThenItIsNotReadyButLives(
            String role, @Nullable Integer leader, boolean caughtUp, String reason) {
        cluster.show(FakeCluster.of(FakeCluster.group(role, leader, caughtUp, null)));
        assertThat(health("health/readiness"))
                .startsWith("503 ")
                .contains("\"OUT_OF_SERVICE\"", reason);
        assertThat(health("health/liveness")).startsWith("200 ");
    }

    @Test
    void whenAShardWasClosedThenOnlyARestartHelps() {
        cluster.show(
                FakeCluster.of(
                        FakeCluster.group("closed", null, true, "Shard 0 ended here: no space")));
        for (String probe : List.of("health/readiness", "health/liveness")) {
            assertThat(health(probe))
                    .startsWith("503 ")
                    .contains("Shard 0 ended here: no space. Restart the node.");
        }
    }

    @Test
    void whenMemoryLacksThenTheNodeIsReadyAndSaysWhy() {
        cluster.lackMemory("Writes that need more memory are answered with ERROR.");
        for (String path : List.of("health/readiness", "health")) {
            assertThat(health(path))
                    .startsWith("200 ")
                    .contains("\"DEGRADED\"", "Writes that need more memory");
        }
    }

    @Test
    void whenTheShardIsElsewhereThenTheNodeIsReady() {
        cluster.show(FakeCluster.of(FakeCluster.group("elsewhere", null, true, null)));
        assertThat(health("health/readiness")).startsWith("200 ");
    }

    @Test
    void whenTheNodeHasNotStartedThenItIsNotReadyButLives() {
        cluster.show(FakeCluster.of());
        assertThat(health("health/readiness")).startsWith("503 ").contains("has not started yet");
        assertThat(health("health/liveness")).startsWith("200 ");
    }

    @Test
    void whenMetersAreScrapedThenTheyTellOfTheCluster() {
        cluster.make(0, 3);
        cluster.make(0, 4);
        await().untilAsserted(
                        () ->
                                assertThat(meters())
                                        .contains(
                                                "keyval_cluster_leader{shard=\"0\"} 1.0",
                                                "keyval_cluster_term{shard=\"0\"} 3.0",
                                                "keyval_cluster_committed{shard=\"0\"} 120.0",
                                                "keyval_cluster_applied{shard=\"0\"} 119.0",
                                                "keyval_cluster_leader_changes_total{shard=\"0\"} 2.0",
                                                "keyval_cluster_entries_count{shard=\"0\"} 2",
                                                "keyval_cluster_entries_sum{shard=\"0\"} 7.0",
                                                "keyval_cluster_peer_lag_entries{peer=\"2\",shard=\"0\"} 2.0",
                                                "keyval_cluster_forwarded_total 7.0",
                                                "keyval_cluster_unanswered_total 1.0",
                                                "keyval_keys 12.0")
                                        .anyMatch(line -> line.startsWith("keyval_memory_bytes "))
                                        .anyMatch(
                                                line -> line.startsWith("keyval_memory_max_bytes "))
                                        .noneMatch(line -> line.contains("peer=\"3\"")));
        cluster.show(FakeCluster.of(FakeCluster.group("follower", 2, true, null)));
        await().untilAsserted(
                        () ->
                                assertThat(meters())
                                        .contains("keyval_cluster_leader{shard=\"0\"} 0.0")
                                        .noneMatch(line -> line.startsWith("keyval_cluster_peer")));
    }

    private List<String> meters() {
        return ask("GET", "/actuator/prometheus", "", null).body().lines().toList();
    }

    @Test
    void whenABackupIsMadeThenItIsALogOfAllKeysHere() throws IOException {
        cluster.show(FakeCluster.of(FakeCluster.leader(), FakeCluster.elsewhere(1)));
        HttpResponse<String> answer = ask("POST", "/actuator/backup", SECRET, null);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        Map<String, Object> backup = JsonParserFactory.getJsonParser().parseMap(answer.body());
        Path file = Path.of((String) backup.get("file"));
        assertThat(file).hasParentRaw(dataDir.resolve("data/backups")).isNotEmptyFile();
        assertThat(backup)
                .containsEntry("position", 7)
                .containsEntry("shards", List.of(0))
                .containsEntry(
                        "missing",
                        List.of(Map.of("shard", 1, "node", 2, "http", "127.0.0.1:8081")));
        cluster.refuse(new ClusterException(ClusterException.Kind.UNAVAILABLE, "Not now."));
        assertRefused(ask("POST", "/actuator/backup", SECRET, null), 503, "Not now.");
    }

    @Test
    void whenReplicationIsAskedOfAClusterThenThereIsNone() {
        assertThat(ask("GET", "/actuator/replication", SECRET, null).statusCode()).isIn(403, 404);
    }

    @Nested
    @TestPropertySource(properties = "keyval.secret=")
    class WithoutASecret {

        @DynamicPropertySource
        static void dataDir(DynamicPropertyRegistry registry) {
            registry.add("keyval.data-dir", () -> dataDir.resolve("open").toString());
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "keyval:", "keyval:hush"})
        void whenNoSecretIsSetThenChangesAreClosedToAll(
                String credentials, @Autowired ApplicationContext other) {
            HttpResponse<String> answer =
                    ask(other, "POST", "/actuator/cluster/leader", credentials, "{\"node\":2}");
            assertThat(answer.statusCode()).isEqualTo(403);
            assertThat(ask(other, "GET", "/actuator/cluster", "", null).statusCode())
                    .isEqualTo(200);
        }
    }

    @Nested
    @TestPropertySource(properties = "keyval.management.replication-view=closed")
    class WithAClosedView {

        @DynamicPropertySource
        static void dataDir(DynamicPropertyRegistry registry) {
            registry.add("keyval.data-dir", () -> dataDir.resolve("closed").toString());
        }

        @Test
        void whenTheViewIsClosedThenTheSecretOpensIt(@Autowired ApplicationContext other) {
            assertThat(ask(other, "GET", "/actuator/cluster", "", null).statusCode())
                    .isEqualTo(401);
            assertThat(ask(other, "GET", "/actuator/cluster", SECRET, null).statusCode())
                    .isEqualTo(200);
        }
    }

    private static void assertRefused(HttpResponse<String> answer, int status, String error) {
        assertThat(answer.statusCode()).isEqualTo(status);
        Map<String, Object> body = JsonParserFactory.getJsonParser().parseMap(answer.body());
        assertThat(body).isEqualTo(Map.of("error", error));
    }

    private String health(String path) {
        HttpResponse<String> answer = ask("GET", "/actuator/" + path, "", null);
        return answer.statusCode() + " " + answer.body();
    }

    private HttpResponse<String> send(
            String method, String path, String credentials, @Nullable String body) {
        return ask(method, "/actuator/cluster" + path, credentials, body);
    }

    private HttpResponse<String> ask(
            String method, String path, String credentials, @Nullable String body) {
        return ask(context, method, path, credentials, body);
    }

    private static HttpResponse<String> ask(
            ApplicationContext context,
            String method,
            String path,
            String credentials,
            @Nullable String body) {
        String port = context.getEnvironment().getProperty("local.server.port");
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:%s%s".formatted(port, path)))
                        .method(
                                method,
                                body == null
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        if (!credentials.isEmpty()) {
            request.header(
                    "Authorization",
                    "Basic "
                            + Base64.getEncoder()
                                    .encodeToString(credentials.getBytes(StandardCharsets.UTF_8)));
        }
        try {
            return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
