package io.keyval.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.config.SettingNames;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1ContainerPort;
import io.kubernetes.client.openapi.models.V1EnvVar;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1NetworkPolicyEgressRule;
import io.kubernetes.client.openapi.models.V1NetworkPolicyIngressRule;
import io.kubernetes.client.openapi.models.V1NetworkPolicyPeer;
import io.kubernetes.client.openapi.models.V1NetworkPolicyPort;
import io.kubernetes.client.openapi.models.V1Pod;
import io.kubernetes.client.openapi.models.V1PodAffinityTerm;
import io.kubernetes.client.openapi.models.V1PodAntiAffinity;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V1StatefulSet;
import io.kubernetes.client.openapi.models.V1StatefulSetSpec;
import io.kubernetes.client.openapi.models.V1Volume;
import io.kubernetes.client.openapi.models.V1VolumeMount;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.json.JsonParserFactory;

/**
 * What the chart renders with {@code mode: cluster}. Run by its name, after {@code .ci/run} has
 * rendered it, as {@link RenderedChart} is, which holds what every node has.
 */
@ParameterizedClass
@MethodSource("renderings")
class RenderedCluster {

    private static final String NUMBER = "$(POD_NUMBER)";

    /** The life cycle of a node ends in phases, of which each has this long. */
    private static final int SECONDS_A_PHASE = 20;

    @Parameter Path file;

    static List<Path> renderings() throws IOException {
        List<Path> renderings =
                RenderedChart.renderings().stream()
                        .filter(file -> file.getFileName().toString().startsWith("cluster"))
                        .toList();
        assertThat(renderings).hasSizeGreaterThanOrEqualTo(3);
        return renderings;
    }

    private Manifests chart() throws IOException {
        Manifests chart = Manifests.read(file);
        assertThat(chart.isCluster()).isTrue();
        return chart;
    }

    private static V1StatefulSetSpec set(Manifests chart) {
        return chart.of(V1StatefulSet.class).getFirst().getSpec();
    }

    private static V1PodSpec pod(Manifests chart) {
        return set(chart).getTemplate().getSpec();
    }

    private static V1Container node(Manifests chart) {
        return pod(chart).getContainers().getFirst();
    }

    /** The settings of each pod alone, by the pod's number, as the pod itself would find them. */
    private static Map<Integer, Properties> settings(Manifests chart) throws IOException {
        String location = env(chart).get("SPRING_CONFIG_IMPORT").replaceFirst("^file:", "");
        V1VolumeMount mount =
                node(chart).getVolumeMounts().stream()
                        .filter(m -> location.startsWith(m.getMountPath() + "/"))
                        .findFirst()
                        .orElseThrow();
        V1Volume volume =
                pod(chart).getVolumes().stream()
                        .filter(v -> v.getName().equals(mount.getName()))
                        .findFirst()
                        .orElseThrow();
        V1ConfigMap map =
                chart.of(V1ConfigMap.class).stream()
                        .filter(m -> Manifests.name(m).equals(volume.getConfigMap().getName()))
                        .findFirst()
                        .orElseThrow();
        Map<Integer, Properties> settings = new LinkedHashMap<>();
        for (int number : numbers(chart)) {
            String name = location.substring(mount.getMountPath().length() + 1);
            String text = map.getData().get(name.replace(NUMBER, "" + number));
            assertThat(text).as("settings of pod %s", number).isNotNull();
            Properties properties = new Properties();
            properties.load(new StringReader(text));
            settings.put(number, properties);
        }
        assertThat(map.getData()).hasSameSizeAs(settings);
        return settings;
    }

    private static List<Integer> numbers(Manifests chart) {
        int first = set(chart).getOrdinals().getStart();
        return IntStream.range(first, first + set(chart).getReplicas()).boxed().toList();
    }

    /** The addresses of a pod's peers by their ids. */
    private static Map<Integer, String> peers(Properties settings) {
        Map<Integer, String> peers = new LinkedHashMap<>();
        for (String peer : settings.getProperty("keyval.cluster.peers").split(",")) {
            String[] parts = peer.split("@");
            assertThat(peers.put(Integer.parseInt(parts[0]), parts[1])).as(peer).isNull();
        }
        return peers;
    }

    private static int id(Properties settings) {
        return Integer.parseInt(settings.getProperty("keyval.id"));
    }

    private static boolean joins(Properties settings) {
        return settings.getProperty("keyval.cluster.join").equals("true");
    }

    /** Where the others find a pod. */
    private static String address(Manifests chart, int number) {
        V1StatefulSet set = chart.of(V1StatefulSet.class).getFirst();
        int port =
                node(chart).getPorts().stream()
                        .filter(p -> p.getName().equals("raft"))
                        .map(V1ContainerPort::getContainerPort)
                        .findFirst()
                        .orElseThrow();
        return "%s-%d.%s.stores.svc.cluster.local:%d"
                .formatted(Manifests.name(set), number, set.getSpec().getServiceName(), port);
    }

    @Test
    void whenPodsAreNumberedThenEachFindsItsIdAndItsOwnAddress() throws IOException {
        Manifests chart = chart();
        assertThat(env(chart)).containsEntry("SPRING_PROFILES_ACTIVE", "cluster");
        assertThat(set(chart).getOrdinals().getStart()).isEqualTo(1);
        assertThat(set(chart).getPodManagementPolicy()).isEqualTo("Parallel");
        V1EnvVar number =
                node(chart).getEnv().stream()
                        .filter(v -> v.getName().equals("POD_NUMBER"))
                        .findFirst()
                        .orElseThrow();
        assertThat(number.getValueFrom().getFieldRef().getFieldPath())
                .isEqualTo("metadata.labels['apps.kubernetes.io/pod-index']");
        assertThat(node(chart).getEnv().stream().map(V1EnvVar::getName))
                .as("a variable can only refer to those before it")
                .containsSubsequence("POD_NUMBER", "SPRING_CONFIG_IMPORT");

        Map<Integer, Properties> settings = settings(chart);
        Set<Integer> ids = new TreeSet<>();
        settings.forEach(
                (pod, own) -> {
                    assertThat(ids.add(id(own))).as("id of pod %s", pod).isTrue();
                    assertThat(id(own) == pod || joins(own)).isTrue();
                    assertThat(peers(own)).containsEntry(id(own), address(chart, pod));
                });
    }

    @Test
    void whenNodesFormAClusterThenAllAreToldTheSame() throws IOException {
        Manifests chart = chart();
        List<Properties> forming =
                settings(chart).values().stream().filter(own -> !joins(own)).toList();
        assertThat(forming).isNotEmpty();
        assertThat(forming.stream().map(RenderedCluster::peers).distinct()).hasSize(1);
        peers(forming.getFirst()).forEach((id, at) -> assertThat(at).isEqualTo(address(chart, id)));
    }

    @Test
    void whenANodeJoinsThenItIsToldWhoIsThereNow() throws IOException {
        Manifests chart = chart();
        Map<Integer, Properties> settings = settings(chart);
        Map<Integer, String> now = new LinkedHashMap<>();
        settings.forEach((pod, own) -> now.put(id(own), address(chart, pod)));
        Set<Integer> formed =
                settings.values().stream()
                        .filter(own -> !joins(own))
                        .flatMap(own -> peers(own).keySet().stream())
                        .collect(Collectors.toSet());
        settings.forEach(
                (pod, own) -> {
                    boolean formerId = formed.contains(id(own));
                    assertThat(joins(own)).as("join of pod %s", pod).isNotEqualTo(formerId);
                    if (joins(own)) {
                        assertThat(now).containsAllEntriesOf(peers(own));
                        assertThat(peers(own)).hasSizeGreaterThan(1);
                    }
                });
    }

    @Test
    void whenAClusterGrowsThenNoPodIsReplaced() throws IOException {
        String name = file.getFileName().toString();
        if (name.startsWith("cluster-helm")) {
            Path grown = file.resolveSibling(name.replace("cluster-", "cluster-grown-"));
            Manifests after = Manifests.read(grown);
            assertThat(numbers(after)).hasSizeGreaterThan(numbers(chart()).size());
            assertThat(set(after).getTemplate()).isEqualTo(set(chart()).getTemplate());
        }
    }

    @Test
    void whenTheChartTellsAPodSomethingThenThereIsSuchASetting() throws IOException {
        for (Properties own : settings(chart()).values()) {
            assertThat(own.stringPropertyNames()).allMatch(SettingNames::contains);
        }
    }

    @Test
    void whenNodesLookForEachOtherThenTheyFindThemReadyOrNot() throws IOException {
        Manifests chart = chart();
        V1Service headless = service(chart, set(chart).getServiceName());
        assertThat(headless.getSpec().getClusterIP()).isEqualTo("None");
        assertThat(headless.getSpec().getPublishNotReadyAddresses()).isTrue();
        assertThat(headless.getSpec().getPorts().stream().map(port -> port.getName()))
                .contains("raft", "client", "management");
    }

    @Test
    void whenClientsComeThenEveryNodeThatIsReadyServesThem() throws IOException {
        Manifests chart = chart();
        List<V1Service> others =
                chart.of(V1Service.class).stream()
                        .filter(s -> !Manifests.name(s).equals(set(chart).getServiceName()))
                        .toList();
        assertThat(others).hasSize(1);
        V1Service clients = others.getFirst();
        assertThat(Manifests.name(clients)).endsWith("-client");
        assertThat(clients.getSpec().getPublishNotReadyAddresses()).isNull();
        assertThat(clients.getSpec().getPorts().stream().map(port -> port.getName()))
                .containsExactly("client");
        for (Manifests.Node node : chart.nodes()) {
            assertThat(node.labels()).containsAllEntriesOf(clients.getSpec().getSelector());
        }
    }

    @Test
    void whenMachinesAreDrainedThenMoreThanHalfOfTheNodesStay() throws IOException {
        Manifests chart = chart();
        V1PodDisruptionBudget budget = chart.of(V1PodDisruptionBudget.class).getFirst();
        int away = budget.getSpec().getMaxUnavailable().getIntValue();
        int nodes = chart.nodes().size();
        assertThat(away).isEqualTo(1);
        assertThat(2 * (nodes - away)).isGreaterThan(nodes);
        for (Manifests.Node node : chart.nodes()) {
            assertThat(node.labels())
                    .containsAllEntriesOf(budget.getSpec().getSelector().getMatchLabels());
        }
    }

    @Test
    void whenPodsArePlacedThenNotBesideEachOther() throws IOException {
        Manifests chart = chart();
        V1PodAntiAffinity apart = pod(chart).getAffinity().getPodAntiAffinity();
        boolean required = file.getFileName().toString().startsWith("cluster-everything");
        V1PodAffinityTerm term;
        if (required) {
            assertThat(apart.getPreferredDuringSchedulingIgnoredDuringExecution()).isNullOrEmpty();
            term = apart.getRequiredDuringSchedulingIgnoredDuringExecution().getFirst();
        } else {
            assertThat(apart.getRequiredDuringSchedulingIgnoredDuringExecution()).isNullOrEmpty();
            term =
                    apart.getPreferredDuringSchedulingIgnoredDuringExecution()
                            .getFirst()
                            .getPodAffinityTerm();
        }
        assertThat(term.getTopologyKey()).isEqualTo("kubernetes.io/hostname");
        for (Manifests.Node node : chart.nodes()) {
            assertThat(node.labels())
                    .containsAllEntriesOf(term.getLabelSelector().getMatchLabels());
        }
    }

    @Test
    void whenAPodStopsThenThereIsTimeToGiveTheLeadAway() throws IOException {
        Manifests chart = chart();
        long sleep = node(chart).getLifecycle().getPreStop().getSleep().getSeconds();
        assertThat(sleep).isPositive();
        assertThat(pod(chart).getTerminationGracePeriodSeconds() - sleep)
                .isGreaterThan(2 * SECONDS_A_PHASE);
    }

    @Test
    void whenANetworkPolicyIsThereThenOnlyNodesReachThePortBetweenThem() throws IOException {
        Manifests chart = chart();
        for (V1NetworkPolicy policy : chart.of(V1NetworkPolicy.class)) {
            List<V1NetworkPolicyIngressRule> in =
                    policy.getSpec().getIngress().stream()
                            .filter(rule -> opens(rule.getPorts(), "raft"))
                            .toList();
            assertThat(in).hasSize(1);
            assertThat(in.getFirst().getFrom()).hasSize(1);
            assertThat(nodesOnly(chart, in.getFirst().getFrom().getFirst())).isTrue();
            List<V1NetworkPolicyEgressRule> out =
                    Objects.requireNonNullElse(policy.getSpec().getEgress(), List.of());
            if (!out.isEmpty()) {
                assertThat(out.stream().filter(rule -> opens(rule.getPorts(), "raft")))
                        .singleElement()
                        .matches(rule -> nodesOnly(chart, rule.getTo().getFirst()));
            }
        }
    }

    @Test
    void whenTheNodesSpeakTlsThenWhatTheyNeedIsMounted() throws IOException {
        Manifests chart = chart();
        Map<String, Object> settings =
                JsonParserFactory.getJsonParser()
                        .parseMap(env(chart).getOrDefault("SPRING_APPLICATION_JSON", "{}"));
        boolean wanted = file.getFileName().toString().startsWith("cluster-everything");
        Object bundle = settings.get("keyval.cluster.tls.bundle");
        assertThat(bundle != null).isEqualTo(wanted);
        if (wanted) {
            String prefix = "spring.ssl.bundle.pem." + bundle + ".";
            String directory =
                    node(chart).getVolumeMounts().stream()
                            .filter(mount -> mount.getName().equals("raft-tls"))
                            .map(V1VolumeMount::getMountPath)
                            .findFirst()
                            .orElseThrow();
            assertThat(
                            Stream.of(
                                            "keystore.certificate",
                                            "keystore.private-key",
                                            "truststore.certificate")
                                    .map(name -> settings.get(prefix + name)))
                    .containsExactly(
                            directory + "/certificate.pem",
                            directory + "/key.pem",
                            directory + "/ca.pem");
            assertThat(settings).doesNotContainKey("keyval.replication.tls.bundle");
        }
    }

    @Test
    void whenPrometheusScrapesThenTheRulesKnowThatItIsACluster() throws IOException {
        Manifests chart = chart();
        assertThat(chart.nodes().stream().map(n -> n.labels().get("app.kubernetes.io/component")))
                .containsOnly("cluster");
        try (Stream<String> rules = Files.lines(Path.of("helm/keyval/files/rules.yml"))) {
            assertThat(rules).anyMatch(line -> line.contains("keyval_role=\"cluster\""));
        }
    }

    @Test
    void whenTheClusterIsTestedThenEveryNodeIsAskedByItsName() throws IOException {
        Manifests chart = chart();
        List<V1EnvVar> told =
                chart.of(V1Pod.class).getFirst().getSpec().getContainers().getFirst().getEnv();
        List<String> asked =
                told.stream()
                        .filter(variable -> variable.getName().equals("NODES"))
                        .flatMap(variable -> Stream.of(variable.getValue().split(" ")))
                        .toList();
        boolean tls = told.stream().anyMatch(variable -> variable.getName().equals("TLS"));
        assertThat(asked.isEmpty()).isEqualTo(tls);
        for (int i = 0; i < asked.size(); i++) {
            assertThat(address(chart, i + 1)).startsWith(asked.get(i) + ":");
        }
    }

    @Test
    void whenItIsAClusterThenNothingIsLeftOfLeaderAndFollowers() throws IOException {
        assertThat(env(chart()).keySet())
                .noneMatch(name -> name.matches("KEYVAL_(LEADER|REPLICATION|FOLLOWER).*"));
    }

    private static boolean opens(List<V1NetworkPolicyPort> ports, String name) {
        return ports.stream()
                .map(V1NetworkPolicyPort::getPort)
                .anyMatch(port -> !port.isInteger() && name.equals(port.getStrValue()));
    }

    /** Whether the peer is the release's own nodes and nobody else. */
    private static boolean nodesOnly(Manifests chart, V1NetworkPolicyPeer peer) {
        Map<String, String> selector = peer.getPodSelector().getMatchLabels();
        return peer.getNamespaceSelector() == null
                && peer.getIpBlock() == null
                && !selector.isEmpty()
                && chart.nodes().stream()
                        .allMatch(
                                node -> node.labels().entrySet().containsAll(selector.entrySet()));
    }

    private static V1Service service(Manifests chart, String name) {
        return chart.of(V1Service.class).stream()
                .filter(service -> Manifests.name(service).equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, String> env(Manifests chart) {
        return node(chart).getEnv().stream()
                .filter(variable -> variable.getValue() != null)
                .collect(Collectors.toMap(V1EnvVar::getName, V1EnvVar::getValue));
    }
}
