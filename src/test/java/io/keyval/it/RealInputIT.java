package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole main job on real input: the names and descriptions of a few thousand packages of a
 * Linux distribution, spaces and all, go in through a plain socket and come out of every node.
 */
class RealInputIT {

    private static final String SECRET = "for real input";

    @TempDir private Path directory;

    @Test
    void whenAllNodesAreKilledThenEveryRecordIsStillOnEveryNode() {
        Map<String, String> packages = packages();
        assertThat(packages).hasSizeGreaterThan(2_000);
        try (NodeProcess leader =
                        NodeProcess.leader(directory.resolve("1")).secret(SECRET).start();
                NodeProcess second = follower(2, leader);
                NodeProcess third = follower(3, leader)) {
            List<NodeProcess> nodes = List.of(leader, second, third);

            assertThat(replies(leader, packages, "PUT %s %s")).containsOnly("OK");

            nodes.forEach(node -> holdsAll(node, packages));
            nodes.forEach(NodeProcess::kill9);
            nodes.forEach(NodeProcess::start);
            nodes.forEach(node -> holdsAll(node, packages));

            assertThat(replies(leader, packages, "DELETE %s")).containsOnly("OK");
            Map<String, String> none = new LinkedHashMap<>(packages);
            none.replaceAll((_, _) -> "");
            nodes.forEach(node -> holdsAll(node, none));
        }
    }

    private NodeProcess follower(int id, NodeProcess leader) {
        return NodeProcess.follower(id, directory.resolve("" + id), leader.port())
                .secret(SECRET)
                .start();
    }

    /** Waits until the node answers every package as it should. */
    private static void holdsAll(NodeProcess node, Map<String, String> packages) {
        await("all records on the node at port " + node.port())
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(
                        () ->
                                assertThat(replies(node, packages, "GET %s"))
                                        .containsExactlyElementsOf(packages.values()));
    }

    private static List<String> replies(
            NodeProcess node, Map<String, String> packages, String command) {
        try (LineClient client = node.client()) {
            return client.pipeline(
                    packages.entrySet().stream()
                            .map(entry -> command.formatted(entry.getKey(), entry.getValue()))
                            .toList());
        }
    }

    private static Map<String, String> packages() {
        try {
            Map<String, String> packages = new LinkedHashMap<>();
            for (String line :
                    Files.readAllLines(
                            Path.of("src/test/resources/packages.tsv"), StandardCharsets.UTF_8)) {
                int tab = line.indexOf('\t');
                packages.put(line.substring(0, tab), line.substring(tab + 1));
            }
            return Collections.unmodifiableMap(packages);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
