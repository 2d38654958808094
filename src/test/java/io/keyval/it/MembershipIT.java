package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The members of a cluster of real processes, changed over HTTP. */
class MembershipIT {

    private static final String CREDENTIALS =
            "Basic "
                    + Base64.getEncoder()
                            .encodeToString("keyval:hush".getBytes(StandardCharsets.UTF_8));
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(30)).build();

    private final List<NodeProcess> nodes = new ArrayList<>();
    private final List<Integer> ports = FreePorts.some(6);

    @TempDir Path directory;

    private NodeProcess node(int id, int... peers) {
        return node(id, 1, peers);
    }

    private NodeProcess node(int id, int shards, int[] peers) {
        return node(id, shards, peers.length == 4, peers);
    }

    private NodeProcess node(int id, int shards, boolean join, int[] peers) {
        String list =
                Arrays.stream(peers)
                        .mapToObj(peer -> "%d@127.0.0.1:%d".formatted(peer, ports.get(peer - 1)))
                        .collect(Collectors.joining(","));
        NodeProcess node =
                NodeProcess.node(directory.resolve("node" + id))
                        .secret("hush")
                        .jvmArguments("-Xmx160m")
                        .arguments(
                                "--spring.profiles.active=cluster",
                                "--keyval.id=" + id,
                                "--keyval.cluster.peers=" + list,
                                "--keyval.cluster.shards=" + shards,
                                "--keyval.cluster.join=" + join,
                                "--keyval.cluster.request-timeout=20s",
                                "--keyval.cluster.election-timeout=5s")
                        .build();
        nodes.add(node);
        return node;
    }

    @Test
    void whenMembersChangeThenTheDataIsWithThemAll() throws Exception {
        Writer writer = null;
        try {
            NodeProcess one = node(1, 1, 2, 3);
            NodeProcess two = node(2, 1, 2, 3);
            NodeProcess three = node(3, 1, 2, 3);
            nodes.forEach(NodeProcess::launch);
            nodes.forEach(NodeProcess::awaitStart);
            await("readiness")
                    .atMost(NodeProcess.PATIENCE)
                    .until(() -> nodes.stream().allMatch(MembershipIT::isReady));
            put(one, 100);
            writer = new Writer(one, 100);

            for (int leader : new int[] {1, 2, 3}) {
                JsonNode after = ok(ask(two, "POST", "/leader", "{\"node\":%d}".formatted(leader)));
                assertThat(after.path("node").asInt()).isEqualTo(2);
                await().atMost(NodeProcess.PATIENCE)
                        .until(() -> group(one).path("leader").asInt() == leader);
            }
            refused(ask(one, "POST", "/leader", "{\"node\":9}"), 404);
            refused(ask(one, "POST", "/leader", "{\"node\":1,\"shard\":7}"), 404);
            refused(ask(one, "DELETE", "/nodes/9", null), 404);

            NodeProcess four = node(4, 1, 2, 3, 4);
            four.launch();
            four.awaitStart();
            assertThat(isReady(four)).isFalse();
            String body = "{\"node\":\"4@127.0.0.1:%d\",\"voting\":%s}";
            ok(ask(one, "POST", "/nodes", body.formatted(ports.get(3), false)));
            await().atMost(NodeProcess.PATIENCE).until(() -> isReady(four));
            assertThat(group(four).path("role").asString()).isEqualTo("learner");
            assertThat(group(four).path("keys").asInt()).isEqualTo(100);
            refused(ask(one, "POST", "/leader", "{\"node\":4}"), 409);

            ok(ask(one, "POST", "/nodes", body.formatted(ports.get(3), true)));
            await().atMost(NodeProcess.PATIENCE)
                    .until(() -> group(four).path("role").asString().equals("follower"));
            ok(ask(one, "POST", "/leader", "{\"node\":4}"));
            await().atMost(NodeProcess.PATIENCE)
                    .until(() -> group(four).path("role").asString().equals("leader"));
            put(four, 200);

            ok(ask(two, "DELETE", "/nodes/3", null));
            await().atMost(NodeProcess.PATIENCE)
                    .until(() -> group(three).path("role").asString().equals("removed"));
            assertThat(isReady(three)).isFalse();
            assertThat(three.get("/livez").statusCode()).isEqualTo(200);
            try (LineClient client = three.client()) {
                assertThat(client.ask("GET k0")).isEqualTo("ERROR");
                assertThat(client.ask("PUT k0 v")).isEqualTo("ERROR");
            }
            await().atMost(NodeProcess.PATIENCE)
                    .until(() -> three.output().contains("Shard 0: this node was removed"));
            three.close();
            await().atMost(NodeProcess.PATIENCE).until(() -> members(one).equals(List.of(1, 2, 4)));
            two.stop();
            put(one, 300);
            await().atMost(NodeProcess.PATIENCE)
                    .until(() -> group(four).path("keys").asInt() == 300);
            assertThat(writer.end()).as("replies, and how often").containsOnlyKeys("OK");
        } finally {
            if (writer != null) {
                writer.stop();
            }
            nodes.forEach(NodeProcess::close);
        }
    }

    @Test
    void whenNoNodeHoldsAllShardsThenEachServesChangesOfAllMembers() throws Exception {
        try {
            int[] founders = {1, 2, 3, 4, 5};
            for (int id : founders) {
                node(id, 5, false, founders).launch();
            }
            nodes.forEach(NodeProcess::awaitStart);
            await("readiness")
                    .atMost(NodeProcess.PATIENCE)
                    .until(() -> nodes.stream().allMatch(MembershipIT::isReady));
            NodeProcess two = nodes.get(1);
            NodeProcess four = nodes.get(3);
            put(two, 500);

            ok(ask(four, "DELETE", "/nodes/1", null));
            nodes.removeFirst().close();
            await().atMost(NodeProcess.PATIENCE)
                    .until(() -> members(four).equals(List.of(2, 3, 4, 5)));
            put(two, 1000);

            NodeProcess six = node(6, 5, true, new int[] {2, 3, 4, 5, 6});
            six.launch();
            six.awaitStart();
            ok(ask(two, "POST", "/nodes", "{\"node\":\"6@127.0.0.1:%d\"}".formatted(ports.get(5))));
            await().atMost(NodeProcess.PATIENCE).until(() -> isReady(six));
            assertThat(members(six)).containsExactly(2, 3, 4, 5, 6);
            ok(ask(four, "POST", "/leader", "{\"node\":6}"));
            await().atMost(NodeProcess.PATIENCE).until(() -> leads(six) == 5);
            put(nodes.get(1), 1500);
            // Node 5 is in the shards 2, 3 and 4, the others stay where they are.
            ok(ask(four, "POST", "/leader", "{\"node\":5}"));
            await().atMost(NodeProcess.PATIENCE).until(() -> leads(six) == 2);
            refused(ask(two, "DELETE", "/nodes/1", null), 404);

            for (NodeProcess node : nodes) {
                try (LineClient client = node.client()) {
                    List<String> gets = new ArrayList<>();
                    for (int i = 0; i < 1500; i++) {
                        gets.add("GET k%d".formatted(i));
                    }
                    assertThat(client.pipeline(gets)).hasSize(1500).containsOnly("v");
                }
            }
        } finally {
            nodes.forEach(NodeProcess::close);
        }
    }

    /** Of how many shards a node says that it leads them. */
    private static int leads(NodeProcess node) {
        int leads = 0;
        for (JsonNode group : view(node).path("groups")) {
            leads += group.path("role").asString().equals("leader") ? 1 : 0;
        }
        return leads;
    }

    /**
     * Writes one key after the other over one connection, each request sent once, and counts the
     * replies. Nobody is lost who leads, so nobody has a reason to answer ERROR.
     */
    private static final class Writer {

        private final AtomicBoolean ending = new AtomicBoolean();
        private final CompletableFuture<Map<String, Integer>> replies;

        Writer(NodeProcess node, int keys) {
            replies = CompletableFuture.supplyAsync(() -> write(node, keys));
        }

        private Map<String, Integer> write(NodeProcess node, int keys) {
            Map<String, Integer> counts = new TreeMap<>();
            try (LineClient client = node.client()) {
                for (int i = 0; !ending.get(); i = (i + 1) % keys) {
                    String reply = client.ask("PUT k%d w".formatted(i));
                    counts.merge(String.valueOf(reply), 1, Integer::sum);
                }
            }
            return counts;
        }

        /** Stops behind the request that is on its way. */
        void stop() {
            ending.set(true);
        }

        /** Stops, and answers how often there was which reply. */
        Map<String, Integer> end() {
            stop();
            return replies.join();
        }
    }

    /** Writes all keys, once each: a node that is ready knows of each what became of it. */
    private static void put(NodeProcess node, int keys) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < keys; i++) {
            lines.add("PUT k%d v".formatted(i));
        }
        try (LineClient client = node.client()) {
            assertThat(client.pipeline(lines)).hasSize(keys).containsOnly("OK");
        }
    }

    private static boolean isReady(NodeProcess node) {
        return node.get("/readyz").statusCode() == 200;
    }

    private static JsonNode view(NodeProcess node) {
        return new JsonMapper().readTree(node.get("/actuator/cluster").body());
    }

    private static JsonNode group(NodeProcess node) {
        return view(node).path("groups").path(0);
    }

    private static List<Integer> members(NodeProcess node) {
        List<Integer> ids = new ArrayList<>();
        view(node).path("nodes").forEach(each -> ids.add(each.path("id").asInt()));
        return ids;
    }

    private static JsonNode ok(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return new JsonMapper().readTree(answer.body());
    }

    private static void refused(HttpResponse<String> answer, int status) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.body()).startsWith("{\"error\":\"");
    }

    private static HttpResponse<String> ask(
            NodeProcess node, String method, String path, @Nullable String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://127.0.0.1:%d/actuator/cluster%s"
                                                .formatted(node.managementPort(), path)))
                        .timeout(Duration.ofSeconds(70))
                        .header("Authorization", CREDENTIALS)
                        .method(
                                method,
                                body == null
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
