package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes of a cluster that talk nothing but TLS with each other, and check each other. */
class ClusterTlsIT {

    private static final StandardCopyOption REPLACE = StandardCopyOption.REPLACE_EXISTING;

    @TempDir Path directory;

    private final List<NodeProcess> nodes = new ArrayList<>();

    @AfterEach
    void stop() {
        nodes.forEach(NodeProcess::close);
    }

    @Test
    void whenNodesTrustEachOtherThenTheyServeAndAStrangerIsNotLetIn() throws Exception {
        Certificates ours = Certificates.in(Files.createDirectory(directory.resolve("ours")));
        Certificates theirs = Certificates.in(Files.createDirectory(directory.resolve("theirs")));
        Certificates.Identity stranger = theirs.issue("node3");
        List<Integer> ports = FreePorts.some(3);
        for (int id = 1; id <= 3; id++) {
            nodes.add(node(id, ports, ours, ours.issue("node" + id)));
        }
        nodes.forEach(NodeProcess::launch);
        nodes.forEach(NodeProcess::awaitStart);
        nodes.forEach(ClusterTlsIT::awaitReady);
        for (NodeProcess node : nodes) {
            try (LineClient client = node.client()) {
                assertThat(client.ask("PUT from%d v".formatted(node.port()))).isEqualTo("OK");
            }
        }
        for (NodeProcess node : nodes) {
            try (LineClient client = node.client()) {
                for (NodeProcess writer : nodes) {
                    assertThat(client.ask("GET from%d".formatted(writer.port()))).isEqualTo("v");
                }
            }
        }

        NodeProcess third = nodes.get(2);
        third.stop();
        for (String file : List.of("node3.crt", "node3.key")) {
            Files.copy(
                    stranger.key().resolveSibling(file),
                    ours.authority().resolveSibling(file),
                    REPLACE);
        }
        third.launch().awaitHttp();
        await().atMost(NodeProcess.PATIENCE)
                .until(() -> nodes.getFirst().output().contains("Node 3 cannot be reached: "));
        assertThat(third.get("/readyz").statusCode()).isEqualTo(503);
        try (LineClient client = nodes.get(1).client()) {
            assertThat(client.ask("PUT without v")).isEqualTo("OK");
        }

        // It gets the certificate of before while it runs.
        Certificates.Identity again = ours.issue("node3b");
        Files.copy(again.key(), ours.authority().resolveSibling("node3.key"), REPLACE);
        Files.copy(again.certificate(), ours.authority().resolveSibling("node3.crt"), REPLACE);
        awaitReady(third);
        try (LineClient client = third.client()) {
            assertThat(client.ask("GET without")).isEqualTo("v");
        }
        assertThat(third.output())
                .contains(
                        "New connections between nodes get the changed certificate of the SSL bundle 'kv'");
    }

    private NodeProcess node(
            int id,
            List<Integer> ports,
            Certificates certificates,
            Certificates.Identity identity) {
        String peers = "1@127.0.0.1:%d,2@127.0.0.1:%d,3@127.0.0.1:%d".formatted(ports.toArray());
        return NodeProcess.node(directory.resolve("data" + id))
                .jvmArguments("-Xmx200m")
                .arguments(
                        "--spring.profiles.active=cluster",
                        "--keyval.id=" + id,
                        "--keyval.cluster.peers=" + peers,
                        "--keyval.cluster.request-timeout=20s",
                        "--keyval.cluster.tls.bundle=kv",
                        "--spring.ssl.bundle.pem.kv.reload-on-update=true",
                        "--spring.ssl.bundle.watch.file.quiet-period=500ms")
                .arguments(
                        Stream.of(certificates.bundle("kv", identity))
                                .map(setting -> "--" + setting)
                                .toArray(String[]::new))
                .build();
    }

    private static void awaitReady(NodeProcess node) {
        await().atMost(NodeProcess.PATIENCE).until(() -> node.get("/readyz").statusCode() == 200);
    }
}
