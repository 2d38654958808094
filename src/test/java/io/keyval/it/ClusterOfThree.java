package io.keyval.it;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** Three nodes of a cluster, in processes of their own. Not for use by several threads at once. */
final class ClusterOfThree implements AutoCloseable {

    private static final Pattern LEADER = Pattern.compile("\"leader\":(\\d+)");
    private static final Pattern APPLIED = Pattern.compile("\"applied\":(\\d+)");
    private static final Pattern KEYS = Pattern.compile("\"keys\":(\\d+)");

    private final List<NodeProcess> nodes = new ArrayList<>();

    /** Three nodes that are not started yet, each with a directory of its own in this one. */
    ClusterOfThree(Path directory, String... arguments) {
        List<Integer> ports = FreePorts.some(3);
        StringBuilder peers = new StringBuilder();
        for (int id = 1; id <= 3; id++) {
            peers.append(id == 1 ? "" : ",")
                    .append("%d@127.0.0.1:%d".formatted(id, ports.get(id - 1)));
        }
        for (int id = 1; id <= 3; id++) {
            nodes.add(
                    NodeProcess.node(directory.resolve("node" + id))
                            .arguments(
                                    "--spring.profiles.active=cluster",
                                    "--keyval.id=" + id,
                                    "--keyval.cluster.peers=" + peers,
                                    "--keyval.cluster.request-timeout=20s")
                            .arguments(arguments)
                            .build());
        }
    }

    /** Starts all nodes, and returns when they have a leader. */
    ClusterOfThree start() {
        nodes.forEach(NodeProcess::launch);
        nodes.forEach(NodeProcess::awaitStart);
        leader();
        return this;
    }

    /** Starts all nodes, and returns when each knows who leads the shards that it holds. */
    ClusterOfThree startShards() {
        nodes.forEach(NodeProcess::launch);
        nodes.forEach(NodeProcess::awaitStart);
        for (NodeProcess node : nodes) {
            Awaitility.await("a node that is ready")
                    .atMost(NodeProcess.PATIENCE)
                    .until(() -> node.get("/readyz").statusCode() == 200);
        }
        return this;
    }

    NodeProcess node(int id) {
        return nodes.get(id - 1);
    }

    List<NodeProcess> nodes() {
        return nodes;
    }

    /** The node that leads shard 0, as all nodes that run agree. */
    NodeProcess leader() {
        return node(leaderId());
    }

    private int leaderId() {
        int[] found = new int[1];
        Awaitility.await("a leader")
                .atMost(NodeProcess.PATIENCE)
                .until(
                        () -> {
                            List<Integer> said =
                                    nodes.stream()
                                            .filter(NodeProcess::alive)
                                            .map(node -> number(LEADER, node))
                                            .distinct()
                                            .toList();
                            found[0] = said.getFirst().intValue();
                            return said.size() == 1 && found[0] > 0 && node(found[0]).alive();
                        });
        return found[0];
    }

    /** The nodes that do not lead shard 0. */
    List<NodeProcess> followers() {
        NodeProcess leader = leader();
        return nodes.stream().filter(node -> node != leader).toList();
    }

    /** Returns when all nodes have executed as much as the leader. */
    void awaitEqual() {
        NodeProcess leader = leader();
        Awaitility.await("nodes that are equal")
                .atMost(NodeProcess.PATIENCE)
                .until(
                        () ->
                                applied(leader) >= 0
                                        && nodes.stream()
                                                        .map(
                                                                node ->
                                                                        List.of(
                                                                                number(
                                                                                        APPLIED,
                                                                                        node),
                                                                                number(KEYS, node)))
                                                        .distinct()
                                                        .count()
                                                == 1
                                        && leader.alive());
    }

    /** The index that a node has applied in shard 0. */
    static int applied(NodeProcess node) {
        return number(APPLIED, node);
    }

    private static int number(Pattern pattern, NodeProcess node) {
        String view;
        try {
            view = node.get("/actuator/cluster").body();
        } catch (UncheckedIOException e) {
            return -1;
        }
        Matcher matcher = pattern.matcher(view);
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
    }

    @Override
    public void close() {
        nodes.forEach(NodeProcess::close);
    }
}
