package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code status} of nodes of which only the HTTP pages are there. */
class StatusTests {

    private static final String UP = "{\"status\":\"UP\"}";
    private static final String LEADER =
            """
            {"role":"leader","id":1,"log":"L","epoch":"1-0","position":12,"keys":3,"followers":[
            {"id":2,"address":"127.0.0.1:1","state":"streaming","acknowledgedPosition":12,
            "lagRecords":0,"lagBytes":0,"lagSeconds":0.0},
            {"id":3,"address":"127.0.0.1:1","state":"syncing","acknowledgedPosition":0,
            "lagRecords":12,"lagBytes":2500,"lagSeconds":1.5,
            "sync":{"bytes":1,"totalBytes":2,"percent":50}}]}
            """;
    private static final String FOLLOWER =
            """
            {"role":"follower","id":2,"log":"L","epoch":"1-0","position":11,"keys":3,"leader":
            {"address":"127.0.0.1:1","state":"streaming","position":12,"lagRecords":1,
            "lagBytes":50,"lagSeconds":0.1}}
            """;

    private final List<HttpServer> servers = new ArrayList<>();

    @AfterEach
    void stop() {
        servers.forEach(server -> server.stop(0));
    }

    @Test
    void whenOnlyTheLeaderAnswersThenFollowersAreShownAsItKnowsThem() throws IOException {
        String leader = serve(LEADER, UP, 200, null);
        CommandRun run = CommandRun.of("status", "--nodes", leader);
        assertThat(run.lines().subList(0, 4))
                .satisfiesExactly(
                        line -> assertThat(line).matches("ROLE +ID +ADDRESS +POSITION .*HEALTH"),
                        line -> assertThat(line).matches("leader +1 .* 12 +- +3 +UP"),
                        line -> assertThat(line).matches("follower +2 .* 12 +0 +- +streaming"),
                        line ->
                                assertThat(line)
                                        .matches(
                                                "follower +3 .* 0 +12 records, 2.5 kB, 1.5 s +- +syncing 50 %"));
        assertThat(run.out()).contains("name its HTTP address with --nodes").doesNotContain("\033");
        assertThat(run.code()).isEqualTo(ExitCode.NOT_WELL);
    }

    @Test
    void whenAFollowerIsNamedThenItSpeaksForItself() throws IOException {
        String leader = serve(LEADER, UP, 200, null);
        String follower =
                serve(
                        FOLLOWER,
                        "{\"status\":\"OUT_OF_SERVICE\",\"components\":{\"replication\":{\"status\":\"OUT_OF_SERVICE\",\"details\":{\"reason\":\"Too old.\"}}}}",
                        503,
                        null);
        CommandRun run = CommandRun.of("status", "--nodes", follower + "," + leader, "--json");
        assertThat(run.code()).isEqualTo(ExitCode.NOT_WELL);
        JsonNode nodes = new JsonMapper().readTree(run.out()).path("nodes");
        assertThat(nodes.size()).isEqualTo(3);
        assertThat(nodes.get(0).path("role").asString()).isEqualTo("leader");
        assertThat(nodes.get(1).path("address").asString()).isEqualTo(follower);
        assertThat(nodes.get(1).path("position").asLong()).isEqualTo(11);
        assertThat(nodes.get(1).path("lagRecords").asLong()).isEqualTo(1);
        assertThat(nodes.get(1).path("note").asString()).isEqualTo("Too old.");
        assertThat(nodes.get(2).path("id").asInt()).isEqualTo(3);
    }

    @Test
    void whenANodeDoesNotAnswerThenItIsShownAndTheExitCodeSaysSo() throws IOException {
        CommandRun run = CommandRun.of("status", "--nodes", "127.0.0.1:1,no.such.invalid:80");
        assertThat(run.code()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(run.out())
                .containsPattern("127.0.0.1:1 .*UNREACHABLE")
                .contains("127.0.0.1:1 does not answer")
                .contains("no.such.invalid:80 is no known host");
        assertThat(CommandRun.of("status", "--nodes", "nonsense").code()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void whenTheViewIsClosedThenTheSecretOpensIt() throws IOException {
        String alone = LEADER.replaceAll("(?s)\\{\"id\":2.*]", "]");
        String node = serve(alone, UP, 200, "a2V5dmFsOmh1c2g=");
        CommandRun run = CommandRun.of("status", "--nodes", node);
        assertThat(run.code()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(run.out()).contains("asks for a secret: set KEYVAL_SECRET");
        assertThat(CommandRun.withSecret("hush", "status", "--nodes", node).code()).isZero();
        assertThat(CommandRun.with(Map.of(), new byte[0], "status", "--nodes", node).out())
                .doesNotContain("hush");
    }

    private static String member(int id, String role, String http, String peers) {
        return """
        {"node":%d,"name":"k","reads":"log","forward":true,"shards":1,"replicationFactor":3,
        "nodes":[{"id":1,"raft":"127.0.0.1:1","http":"%s","voting":true},
        {"id":2,"raft":"127.0.0.1:2","voting":true},
        {"id":3,"raft":"127.0.0.1:3","http":"127.0.0.1:1","voting":true}],
        "groups":[{"shard":0,"group":"g","role":"%s","term":4,"leader":1,"committed":120,
        "applied":119,"snapshot":0,"keys":7,"caughtUp":true,"leaderChanges":2,"peers":[%s]}]}
        """
                .formatted(id, http, role, peers);
    }

    @Test
    void whenANodeOfAClusterIsAskedThenItsNodesAndShardsAreShown() throws IOException {
        String leader =
                serve(
                        member(
                                1,
                                "leader",
                                "127.0.0.1:1",
                                "{\"id\":2,\"voting\":true,\"lag\":5},{\"id\":3,\"voting\":true}"),
                        UP,
                        200,
                        null);
        String follower = serve(member(2, "follower", leader, ""), UP, 200, null);
        CommandRun run = CommandRun.of("status", "--nodes", follower);
        assertThat(run.lines())
                .satisfiesExactly(
                        line -> assertThat(line).matches("ROLE +ID +ADDRESS .*HEALTH"),
                        line -> assertThat(line).matches("leader +1 .* 119 +1 entry +7 +UP"),
                        line -> assertThat(line).matches("follower +2 .* 119 +5 entries +7 +UP"),
                        line -> assertThat(line).matches("[?] +3 +127.0.0.1:1 .* UNREACHABLE"),
                        line -> assertThat(line).isEmpty(),
                        line ->
                                assertThat(line)
                                        .isEqualTo(
                                                "SHARD  LEADER  TERM  COMMITTED  CHANGES  NODES"),
                        line ->
                                assertThat(line)
                                        .isEqualTo(
                                                "    0       1     4        120        2  1 2 3"),
                        line -> assertThat(line).isEmpty(),
                        line -> assertThat(line).isEqualTo("Node 3: 127.0.0.1:1 does not answer."));
        assertThat(run.code()).isEqualTo(ExitCode.NOT_WELL);
        JsonNode node =
                new JsonMapper()
                        .readTree(CommandRun.of("status", "--nodes", follower, "--json").out())
                        .path("nodes")
                        .get(1);
        assertThat(node.path("lagRecords").asLong()).isEqualTo(5);
        assertThat(node.path("cluster").asString()).isEqualTo("k");
        assertThat(node.path("shards").get(0).path("term").asLong()).isEqualTo(4);
    }

    @Test
    void whenTheViewOfAClusterIsClosedThenTheSecretOpensIt() throws IOException {
        String page =
                member(1, "leader", "127.0.0.1:1", "")
                        .replaceAll("(?s),\\s*\\{\"id\":2.*?}]", "]")
                        .replaceAll("(?s),\\s*\\{\"id\":3.*?}", "");
        String node = serve(page, UP, 200, "a2V5dmFsOmh1c2g=");
        assertThat(CommandRun.of("status", "--nodes", node).code()).isEqualTo(ExitCode.UNREACHABLE);
        CommandRun run = CommandRun.withSecret("hush", "status", "--nodes", node);
        assertThat(run.out()).contains("    0       1     4");
    }

    private String serve(
            String replication, String health, int status, @Nullable String credentials)
            throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/",
                exchange -> {
                    boolean open =
                            credentials == null
                                    || ("Basic " + credentials)
                                            .equals(
                                                    exchange.getRequestHeaders()
                                                            .getFirst("Authorization"));
                    boolean isHealth = exchange.getRequestURI().getPath().endsWith("/health");
                    byte[] body =
                            (isHealth ? health : replication).getBytes(StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(
                            !open ? 401 : isHealth ? status : 200, body.length);
                    exchange.getResponseBody().write(body);
                    exchange.close();
                });
        server.start();
        servers.add(server);
        return "127.0.0.1:" + server.getAddress().getPort();
    }
}
