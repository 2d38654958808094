package io.keyval.cli;

import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Asks all nodes how they are: those that were named, the followers that a leader among them knows,
 * and the other nodes of a cluster.
 *
 * <p>A leader knows where its followers take clients, not where they serve HTTP. They are looked
 * for at the two places where they are by default; what answers there counts only when it has the
 * follower's id and the leader's log. For one that is not found, what its leader knows is told.
 */
final class ClusterView {

    /** HTTP of a follower that was started by the short options is at this port, plus its id. */
    private static final int BESIDE = 8079;

    private final ManagementClient client;
    private final List<URI> nodes;

    ClusterView(ManagementClient client, List<URI> nodes) {
        this.client = client;
        this.nodes = nodes;
    }

    /** All nodes: leaders first, then by id. */
    List<NodeStatus> ask() {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Answer> named =
                    nodes.stream().map(node -> threads.submit(() -> ask(node))).toList().stream()
                            .map(ClusterView::result)
                            .toList();
            List<NodeStatus> all = new ArrayList<>(named.stream().map(Answer::status).toList());
            List<@Nullable JsonNode> pages =
                    new ArrayList<>(named.stream().map(Answer::page).toList());
            for (Answer answer : named) {
                if (answer.page == null) {
                    continue;
                }
                if (RaftNodes.isOne(answer.page)) {
                    RaftNodes.others(answer.page, answer.node, all).stream()
                            .map(other -> threads.submit(() -> member(other)))
                            .toList()
                            .forEach(
                                    task -> {
                                        Answer other = result(task);
                                        all.add(other.status);
                                        pages.add(other.page);
                                    });
                    continue;
                }
                List<JsonNode> unseen = new ArrayList<>();
                for (JsonNode follower : answer.page.path("followers")) {
                    if (all.stream().noneMatch(seen -> isSame(seen, follower, answer.status))) {
                        unseen.add(follower);
                    }
                }
                unseen.stream()
                        .map(f -> threads.submit(() -> find(f, answer)))
                        .toList()
                        .forEach(task -> all.add(result(task)));
            }
            RaftNodes.measure(all, pages);
            all.sort(
                    Comparator.comparing((NodeStatus status) -> rank(status.role()))
                            .thenComparing(NodeStatus::id)
                            .thenComparing(NodeStatus::address));
            return all;
        }
    }

    private static <T> T result(Future<T> task) {
        try {
            return task.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException("It was interrupted before all nodes answered.");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static int rank(String role) {
        return switch (role) {
            case "leader" -> 0;
            case "follower" -> 1;
            case "node" -> 2;
            default -> 3;
        };
    }

    private static boolean isSame(NodeStatus seen, JsonNode follower, NodeStatus leader) {
        return seen.role().equals("follower")
                && seen.id() == follower.path("id").asInt()
                && leader.log() != null
                && leader.log().equals(seen.log());
    }

    /** A node, and what its page on replication or on its cluster says. */
    private record Answer(URI node, NodeStatus status, @Nullable JsonNode page) {}

    private Answer ask(URI node) {
        try {
            JsonNode page = page(node);
            JsonNode health = client.get(node, "/actuator/health");
            NodeStatus status =
                    RaftNodes.isOne(page)
                            ? RaftNodes.status(text(node), page, health, reasons(health))
                            : status(node, page, health);
            return new Answer(node, status, page);
        } catch (UnreachableException e) {
            return new Answer(
                    node,
                    new NodeStatus(
                            "?",
                            0,
                            text(node),
                            null,
                            null,
                            null,
                            "UNREACHABLE",
                            NodeStatus.Wellness.UNREACHABLE,
                            text(node) + " " + e.getMessage(),
                            null),
                    null);
        }
    }

    /** What a node says of its cluster, or else of replication. */
    private JsonNode page(URI node) {
        JsonNode cluster = client.find(node, RaftNodes.PAGE);
        if (cluster != null && RaftNodes.isOne(cluster)) {
            return cluster;
        }
        try {
            return client.get(node, "/actuator/replication");
        } catch (UnreachableException e) {
            try {
                cluster = client.get(node, RaftNodes.PAGE);
            } catch (UnreachableException also) {
                throw e;
            }
            if (RaftNodes.isOne(cluster)) {
                return cluster;
            }
            throw e;
        }
    }

    /** Another node of a cluster: it was not named, so it is no error of the caller's. */
    private Answer member(RaftNodes.Other other) {
        URI http = other.http();
        Answer answer = http == null ? null : ask(http);
        return answer != null && answer.status.id() == other.id()
                ? answer
                : new Answer(
                        nodes.getFirst(),
                        other.unseen(answer == null ? null : answer.status.note()),
                        null);
    }

    private static NodeStatus status(URI node, JsonNode replication, JsonNode health) {
        if (!replication.hasNonNull("role")) {
            throw new UnreachableException("is no keyval node, or is just starting");
        }
        String word = health.path("status").asString("UNKNOWN");
        JsonNode leader = replication.path("leader");
        return new NodeStatus(
                replication.path("role").asString(),
                replication.path("id").asInt(),
                text(node),
                replication.path("position").asLong(),
                leader.isObject() ? lag(leader) : null,
                replication.path("keys").asLong(),
                word,
                word.equals("UP") ? NodeStatus.Wellness.WELL : NodeStatus.Wellness.NOT_WELL,
                reasons(health),
                replication.path("log").asString());
    }

    /** Why components of a node are not well. */
    private static @Nullable String reasons(JsonNode health) {
        Set<String> reasons = new LinkedHashSet<>();
        for (Map.Entry<String, JsonNode> component : health.path("components").properties()) {
            JsonNode value = component.getValue();
            if (!value.path("status").asString("UP").equals("UP")) {
                reasons.add(
                        value.path("details")
                                .path("reason")
                                .asString(
                                        component.getKey()
                                                + " is "
                                                + value.path("status").asString("")
                                                + "."));
            }
        }
        return reasons.isEmpty() ? null : String.join(" ", reasons);
    }

    private NodeStatus find(JsonNode follower, Answer leader) {
        for (URI place : places(follower, leader.node)) {
            Answer answer = ask(place);
            if (isSame(answer.status, follower, leader.status)) {
                return answer.status;
            }
        }
        return seenByLeader(follower, leader.status.log());
    }

    private static List<URI> places(JsonNode follower, URI leader) {
        String address = follower.path("address").asString("");
        int colon = address.lastIndexOf(':');
        if (colon < 1) {
            return List.of();
        }
        Map<String, URI> places = new LinkedHashMap<>();
        for (int port : new int[] {BESIDE + follower.path("id").asInt(), leader.getPort()}) {
            String place = leader.getScheme() + "://" + address.substring(0, colon) + ":" + port;
            if (port <= 65535 && !place.equals(leader.toString())) {
                try {
                    places.put(place, URI.create(place));
                } catch (IllegalArgumentException e) {
                    return List.of();
                }
            }
        }
        return List.copyOf(places.values());
    }

    private static NodeStatus seenByLeader(JsonNode follower, @Nullable String log) {
        String state = follower.path("state").asString("unknown");
        JsonNode sync = follower.path("sync");
        return new NodeStatus(
                "follower",
                follower.path("id").asInt(),
                follower.path("address").asString("?"),
                follower.path("acknowledgedPosition").asLong(),
                lag(follower),
                null,
                sync.isObject() ? state + " " + sync.path("percent").asInt() + " %" : state,
                state.equals("streaming") ? NodeStatus.Wellness.WELL : NodeStatus.Wellness.NOT_WELL,
                "Of follower %d this is what its leader knows; name its HTTP address with --nodes."
                        .formatted(follower.path("id").asInt()),
                log);
    }

    private static NodeStatus.Lag lag(JsonNode node) {
        return new NodeStatus.Lag(
                node.path("lagRecords").asLong(),
                node.path("lagBytes").asLong(),
                node.path("lagSeconds").asDouble());
    }

    private static String text(URI node) {
        return node.getAuthority();
    }
}
