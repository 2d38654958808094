package io.keyval.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.keyval.config.SettingNames;
import io.keyval.it.FreePorts;
import io.keyval.it.LineClient;
import io.keyval.it.NodeProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.json.JsonParserFactory;
import org.yaml.snakeyaml.Yaml;

/** Alert rules and dashboard, held against what running nodes export. */
class MonitoringIT {

    private static final Path RULES = Path.of("helm/keyval/files/rules.yml");
    private static final Path DASHBOARD = Path.of("helm/keyval/files/dashboard.json");
    private static final Path PAGE = Path.of("docs/monitoring.md");

    /** What only nodes of a cluster export. */
    private static final String OF_CLUSTERS = "keyval_cluster_.*|ratis_.*";

    /**
     * What only a leader and its followers export: they have a log of ours, and a cluster Ratis'.
     */
    private static final String NOT_OF_CLUSTERS = "keyval_(leader|followers|replication_.*|wal_.*)";

    /** What Prometheus itself makes of a scrape. */
    private static final Set<String> OF_PROMETHEUS = Set.of("up");

    private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-zA-Z_:][a-zA-Z0-9_:]*)[{ ]");

    @TempDir Path directory;

    @Test
    void whenALeaderAndAFollowerRunThenTheyExportEveryMetricThatIsAskedFor() throws IOException {
        Set<String> asked = asked();
        asked.removeIf(name -> name.matches(OF_CLUSTERS));
        assertThat(asked).hasSizeGreaterThan(20);

        try (NodeProcess leader = small(NodeProcess.leader(directory.resolve("a"))).start();
                LineClient client = leader.client();
                NodeProcess follower =
                        small(NodeProcess.follower(2, directory.resolve("b"), leader.port()))
                                .start()) {
            assertThat(client.ask("PUT a b")).isEqualTo("OK");
            assertThat(leader.http("POST", "/actuator/compaction", "hush").statusCode())
                    .isEqualTo(200);
            await("export of every metric")
                    .atMost(NodeProcess.PATIENCE)
                    .untilAsserted(
                            () -> {
                                assertThat(exported(leader)).containsAll(asked);
                                assertThat(exported(follower)).containsAll(asked);
                            });
            Set<String> documented = documented();
            documented.removeIf(name -> name.matches(OF_CLUSTERS));
            assertThat(documented)
                    .as("keyval's own meters in " + PAGE)
                    .isEqualTo(ownMeters(leader, follower));
        }
    }

    @Test
    void whenAClusterRunsThenItsNodesExportEveryMetricThatIsAskedFor() throws IOException {
        assumeTrue(SettingNames.contains("keyval.cluster.peers"), "the profile cluster is there");
        Set<String> asked = asked();
        asked.removeIf(name -> name.matches(NOT_OF_CLUSTERS));
        assertThat(asked).anyMatch(name -> name.matches(OF_CLUSTERS));

        List<NodeProcess> nodes = cluster();
        try {
            nodes.forEach(NodeProcess::launch);
            nodes.forEach(NodeProcess::awaitStart);
            try (LineClient client = nodes.getFirst().client()) {
                await("a leader")
                        .atMost(NodeProcess.PATIENCE)
                        .untilAsserted(() -> assertThat(client.ask("PUT a b")).isEqualTo("OK"));
            }
            await("export of every metric by some node")
                    .atMost(NodeProcess.PATIENCE)
                    .untilAsserted(() -> assertThat(exportedByAny(nodes)).containsAll(asked));
            Set<String> own = ownMeters(nodes.toArray(NodeProcess[]::new));
            assertThat(documented()).as("keyval's own meters in " + PAGE).containsAll(own);
            Set<String> ofClusters = documented();
            ofClusters.removeIf(name -> !name.matches("keyval_cluster_.*"));
            assertThat(own).containsAll(ofClusters);
        } finally {
            nodes.forEach(NodeProcess::close);
        }
    }

    @Test
    void whenThereIsAnAlertThenThePageSaysWhatToDo() throws IOException {
        String page = Files.readString(PAGE);
        for (Map<?, ?> rule : rules()) {
            assertThat(page).contains("| " + rule.get("alert") + " |");
        }
    }

    @Test
    void whenTheDashboardIsLaidOutThenNoPanelCoversAnother() throws IOException {
        Set<Object> ids = new HashSet<>();
        Set<String> cells = new HashSet<>();
        for (Map<?, ?> panel : panels()) {
            assertThat(ids.add(panel.get("id"))).as("id of %s", panel.get("title")).isTrue();
            Map<?, ?> place = (Map<?, ?>) panel.get("gridPos");
            int x = number(place, "x");
            int y = number(place, "y");
            assertThat(x + number(place, "w")).isLessThanOrEqualTo(24);
            for (int i = 0; i < number(place, "w"); i++) {
                for (int j = 0; j < number(place, "h"); j++) {
                    assertThat(cells.add((x + i) + "," + (y + j)))
                            .as("place of %s", panel.get("title"))
                            .isTrue();
                }
            }
        }
    }

    /** Three nodes that know each other, not yet started. */
    private List<NodeProcess> cluster() throws IOException {
        List<Integer> ports = FreePorts.some(3);
        List<String> peers = new ArrayList<>();
        for (int id = 1; id <= 3; id++) {
            peers.add(id + "@127.0.0.1:" + ports.get(id - 1));
        }
        List<NodeProcess> nodes = new ArrayList<>();
        for (int id = 1; id <= 3; id++) {
            NodeProcess.Builder node =
                    NodeProcess.node(directory.resolve("node-" + id))
                            .arguments(
                                    "--spring.profiles.active=cluster",
                                    "--keyval.id=" + id,
                                    "--keyval.cluster.peers=" + String.join(",", peers));
            nodes.add(small(node).build());
        }
        return nodes;
    }

    /** The names of the metrics that rules and dashboard ask for. */
    private static Set<String> asked() throws IOException {
        Set<String> asked = new TreeSet<>();
        expressions().forEach(expression -> asked.addAll(PromQl.metrics(expression)));
        asked.removeAll(OF_PROMETHEUS);
        return asked;
    }

    private static Set<String> exportedByAny(List<NodeProcess> nodes) {
        Set<String> names = new TreeSet<>();
        nodes.forEach(node -> names.addAll(exported(node)));
        return names;
    }

    /** With a heap so small that it is collected at once. */
    private static NodeProcess.Builder small(NodeProcess.Builder node) {
        return node.secret("hush").jvmArguments("-Xmx96m", "-Xmn4m");
    }

    private static Set<String> exported(NodeProcess node) {
        Set<String> names = new TreeSet<>();
        Matcher sample = SAMPLE.matcher(node.get("/actuator/prometheus").body());
        while (sample.find()) {
            names.add(sample.group(1));
        }
        return names;
    }

    /** The names of keyval's meters without what the kind of a meter appends to them. */
    private static Set<String> ownMeters(NodeProcess... nodes) {
        Set<String> names = new TreeSet<>();
        for (NodeProcess node : nodes) {
            for (String name : exported(node)) {
                if (name.startsWith("keyval_")) {
                    names.add(name.replaceAll("(_seconds|_entries)_(count|sum|max|bucket)$", "$1"));
                }
            }
        }
        return names;
    }

    /** The metrics that the page's first table has a line for. */
    private static Set<String> documented() throws IOException {
        Set<String> names = new TreeSet<>();
        Matcher line =
                Pattern.compile("(?m)^\\| `(keyval_\\w+)` \\|").matcher(Files.readString(PAGE));
        while (line.find()) {
            names.add(line.group(1));
        }
        return names;
    }

    private static List<String> expressions() throws IOException {
        List<String> all = new ArrayList<>();
        rules().forEach(rule -> all.add((String) rule.get("expr")));
        for (Map<?, ?> panel : panels()) {
            if (panel.get("targets") instanceof List<?> targets) {
                targets.forEach(target -> all.add((String) ((Map<?, ?>) target).get("expr")));
            }
        }
        return all;
    }

    private static List<Map<?, ?>> rules() throws IOException {
        List<Map<?, ?>> all = new ArrayList<>();
        Map<String, List<Map<String, List<Map<?, ?>>>>> file =
                new Yaml().load(Files.readString(RULES));
        file.get("groups").forEach(group -> all.addAll(group.get("rules")));
        return all;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<?, ?>> panels() throws IOException {
        return (List<Map<?, ?>>)
                JsonParserFactory.getJsonParser()
                        .parseMap(Files.readString(DASHBOARD))
                        .get("panels");
    }

    private static int number(Map<?, ?> place, String name) {
        return ((Number) place.get(name)).intValue();
    }
}
