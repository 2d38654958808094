package io.keyval.cli;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a running node for a backup. */
final class NodeBackup {

    private static final Duration CONNECT = Duration.ofSeconds(5);

    private final Terminal terminal;
    private final URI node;

    NodeBackup(Terminal terminal, URI node) {
        this.terminal = terminal;
        this.node = node;
    }

    /**
     * What the node wrote.
     *
     * @param file its name on the node's machine
     * @param bytes of it
     * @param position up to which it holds everything, at least
     * @param missing shards of a cluster that are not in it
     */
    record Made(String file, long bytes, long position, List<Missing> missing) {}

    /**
     * A shard that a node does not hold.
     *
     * @param http where the node that leads it serves HTTP; empty when that is not known
     */
    record Missing(int shard, String http) {}

    /**
     * Has a backup made, tells of it, and answers the exit code. Where the node holds only a part
     * of a cluster, those that lead the rest are asked, too, and each makes a file of its own.
     */
    int run() throws IOException {
        Made made = make();
        tell(made);
        Map<Integer, String> missing = new TreeMap<>();
        made.missing.forEach(each -> missing.put(each.shard, each.http));
        Set<String> asked = new HashSet<>();
        for (String http : List.copyOf(missing.values())) {
            if (!http.isEmpty() && missing.containsValue(http) && asked.add(http)) {
                Made more = next(http);
                tell(more);
                List<Integer> still = more.missing.stream().map(Missing::shard).toList();
                missing.keySet().retainAll(still);
            }
        }
        if (!missing.isEmpty()) {
            terminal.err()
                    .printf(
                            "Not all: no asked node holds shards %s. Ask one that does, as status shows them.%n",
                            missing.keySet());
            return ExitCode.REFUSED;
        }
        return ExitCode.GOOD;
    }

    private Made next(String http) throws IOException {
        try {
            return new NodeBackup(terminal, URI.create(node.getScheme() + "://" + http)).make();
        } catch (IllegalArgumentException e) {
            throw new RefusedException("The node says that another one is at %s.".formatted(http));
        }
    }

    private void tell(Made made) {
        terminal.out()
                .println(
                        "%s: %d bytes, position %d or later, checked"
                                .formatted(made.file, made.bytes, made.position));
    }

    /**
     * Returns when the backup is on the node's disk and has been checked.
     *
     * @throws RefusedException when there is none
     */
    Made make() throws IOException {
        if (node.getHost() == null
                || !("http".equals(node.getScheme()) || "https".equals(node.getScheme()))) {
            throw new WrongUsageException("--node must be like http://127.0.0.1:8080.");
        }
        if (node.getUserInfo() != null) {
            throw new WrongUsageException(
                    "The secret does not belong into --node: set KEYVAL_SECRET in the environment.");
        }
        HttpResponse<String> response = send(secret());
        if (response.statusCode() == 401) {
            throw new RefusedException(
                    "The node does not accept this secret: set KEYVAL_SECRET to the node's own.");
        }
        if (response.statusCode() == 403) {
            throw new RefusedException(
                    "The node has no secret, so it takes no backups over HTTP: start it with KEYVAL_SECRET.");
        }
        JsonNode answer = json(response);
        if (response.statusCode() != 200 || !answer.hasNonNull("file")) {
            throw new RefusedException(
                    "The node made no backup (status %d): %s"
                            .formatted(
                                    response.statusCode(),
                                    answer.path("error").asString("it gives no reason.")));
        }
        return new Made(
                answer.path("file").asString(),
                answer.path("bytes").asLong(),
                answer.path("position").asLong(),
                missing(answer));
    }

    private static List<Missing> missing(JsonNode answer) {
        List<Missing> missing = new ArrayList<>();
        for (JsonNode each : answer.path("missing")) {
            missing.add(new Missing(each.path("shard").asInt(), each.path("http").asString("")));
        }
        return missing;
    }

    private String secret() {
        String set = terminal.environment("KEYVAL_SECRET");
        if (set != null && !set.isEmpty()) {
            return set;
        }
        char[] typed = terminal.isInteractive() ? terminal.askSecret("Secret of the node: ") : null;
        if (typed == null || typed.length == 0) {
            throw new RefusedException(
                    "Set KEYVAL_SECRET in the environment to the node's secret.");
        }
        return new String(typed);
    }

    private HttpResponse<String> send(String secret) throws IOException {
        String credentials =
                Base64.getEncoder()
                        .encodeToString(("keyval:" + secret).getBytes(StandardCharsets.UTF_8));
        HttpRequest request =
                HttpRequest.newBuilder(node.resolve("/actuator/backup"))
                        .header("Authorization", "Basic " + credentials)
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build();
        try (HttpClient client = HttpClient.newBuilder().connectTimeout(CONNECT).build()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (ConnectException e) {
            throw new RefusedException("No node answers HTTP at %s.".formatted(node));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException("It was interrupted before the node answered.");
        }
    }

    private static JsonNode json(HttpResponse<String> response) {
        JsonMapper mapper = new JsonMapper();
        try {
            return mapper.readTree(response.body());
        } catch (JacksonException e) {
            return mapper.createObjectNode();
        }
    }
}
