package io.keyval.cli;

import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads what the nodes of a cluster with the profile of that name say of themselves and others. */
final class RaftNodes {

    static final String PAGE = "/actuator/cluster";

    private RaftNodes() {}

    /** Whether a page is one of a cluster. */
    static boolean isOne(JsonNode page) {
        return page.path("groups").isArray() && page.path("nodes").isArray();
    }

    /**
     * A node that another one knows of.
     *
     * @param raft where the other nodes reach it
     * @param http where it serves HTTP; null when that is not known
     * @param cluster the name of its cluster
     */
    record Other(int id, String raft, @Nullable URI http, String cluster) {

        /** What can be said without an answer of its own. */
        NodeStatus unseen(@Nullable String reason) {
            return new NodeStatus(
                    "?",
                    id,
                    http == null ? raft : http.getAuthority(),
                    null,
                    null,
                    null,
                    "UNREACHABLE",
                    NodeStatus.Wellness.NOT_WELL,
                    reason == null
                            ? "Where node %d serves HTTP is not known; name it with --nodes."
                                    .formatted(id)
                            : "Node %d: %s.".formatted(id, reason),
                    cluster);
        }
    }

    /** What a node says of itself. */
    static NodeStatus status(
            String address, JsonNode page, JsonNode health, @Nullable String reasons) {
        String word = health.path("status").asString("UNKNOWN");
        int node = page.path("node").asInt();
        List<NodeStatus.Shard> shards = new ArrayList<>();
        long applied = 0;
        long behind = 0;
        long keys = 0;
        String role = "elsewhere";
        int here = 0;
        for (JsonNode group : page.path("groups")) {
            shards.add(shard(group, node));
            if (!group.path("role").asString("").equals("elsewhere")) {
                here++;
                role = group.path("role").asString("?");
                applied += group.path("applied").asLong();
                behind +=
                        Math.max(
                                0,
                                group.path("committed").asLong() - group.path("applied").asLong());
                keys += group.path("keys").asLong();
            }
        }
        return new NodeStatus(
                here > 1 ? "node" : shards.isEmpty() ? "?" : role,
                node,
                address,
                applied,
                new NodeStatus.Lag(behind, null, null),
                keys,
                word,
                word.equals("UP") ? NodeStatus.Wellness.WELL : NodeStatus.Wellness.NOT_WELL,
                reasons,
                page.path("name").asString(""),
                shards);
    }

    private static NodeStatus.Shard shard(JsonNode group, int node) {
        List<Integer> nodes = new ArrayList<>();
        for (JsonNode peer : group.path("peers")) {
            nodes.add(peer.path("id").asInt());
        }
        if (!nodes.isEmpty()) {
            nodes.add(node);
            nodes.sort(null);
        }
        return new NodeStatus.Shard(
                group.path("shard").asInt(),
                group.path("role").asString("?"),
                group.path("term").asLong(),
                group.hasNonNull("leader") ? group.path("leader").asInt() : null,
                group.path("committed").asLong(),
                group.path("applied").asLong(),
                group.path("leaderChanges").asLong(),
                nodes);
    }

    /** The nodes that a node knows of and that were not asked. */
    static List<Other> others(JsonNode page, URI asked, List<NodeStatus> seen) {
        String cluster = page.path("name").asString("");
        List<Other> others = new ArrayList<>();
        for (JsonNode node : page.path("nodes")) {
            int id = node.path("id").asInt();
            boolean known =
                    seen.stream()
                            .anyMatch(status -> status.id() == id && cluster.equals(status.log()));
            if (!known) {
                others.add(
                        new Other(
                                id,
                                node.path("raft").asString("?"),
                                http(node.path("http").asString(""), asked),
                                cluster));
            }
        }
        return others;
    }

    private static @Nullable URI http(String address, URI asked) {
        if (address.isEmpty()) {
            return null;
        }
        try {
            URI uri = URI.create(asked.getScheme() + "://" + address);
            return uri.getHost() == null ? null : uri;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Has leaders say how far the others are: they know more than those themselves. */
    static void measure(List<NodeStatus> all, List<@Nullable JsonNode> pages) {
        Map<String, Long> lags = new HashMap<>();
        for (JsonNode page : pages) {
            if (page != null && isOne(page)) {
                for (JsonNode group : page.path("groups")) {
                    for (JsonNode peer : group.path("peers")) {
                        if (peer.hasNonNull("lag")) {
                            lags.merge(
                                    page.path("name").asString("") + "/" + peer.path("id").asInt(),
                                    peer.path("lag").asLong(),
                                    Long::sum);
                        }
                    }
                }
            }
        }
        all.replaceAll(
                status -> {
                    Long lag = lags.get(status.log() + "/" + status.id());
                    return lag == null ? status : lagging(status, lag);
                });
    }

    private static NodeStatus lagging(NodeStatus status, long entries) {
        return new NodeStatus(
                status.role(),
                status.id(),
                status.address(),
                status.position(),
                new NodeStatus.Lag(entries, null, null),
                status.keys(),
                status.health(),
                status.wellness(),
                status.note(),
                status.log(),
                status.shards());
    }

    /** The shards of all clusters, each as the node sees it that knows the highest term. */
    static List<String> shards(List<NodeStatus> all) {
        Map<String, NodeStatus.Shard> best = new TreeMap<>();
        for (NodeStatus status : all) {
            for (NodeStatus.Shard shard : status.shards()) {
                best.merge(
                        "%s %08d".formatted(status.log(), shard.shard()),
                        shard,
                        (a, b) -> weight(b) > weight(a) ? b : a);
            }
        }
        List<String> lines = new ArrayList<>();
        if (!best.isEmpty()) {
            lines.add("SHARD  LEADER  TERM  COMMITTED  CHANGES  NODES");
        }
        for (NodeStatus.Shard shard : best.values()) {
            lines.add(
                    "%5d  %6s  %4d  %9d  %7d  %s"
                            .formatted(
                                    shard.shard(),
                                    Objects.toString(shard.leader(), "none"),
                                    shard.term(),
                                    shard.committed(),
                                    shard.changes(),
                                    shard.nodes().isEmpty()
                                            ? "-"
                                            : shard.nodes().stream()
                                                    .map(String::valueOf)
                                                    .collect(Collectors.joining(" "))));
        }
        return lines;
    }

    private static long weight(NodeStatus.Shard shard) {
        return 2 * shard.term() + (shard.role().equals("leader") ? 1 : 0);
    }
}
