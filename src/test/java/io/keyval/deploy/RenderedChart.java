package io.keyval.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.keyval.config.SettingNames;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1ContainerPort;
import io.kubernetes.client.openapi.models.V1EnvVar;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1NetworkPolicyPort;
import io.kubernetes.client.openapi.models.V1Pod;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1Probe;
import io.kubernetes.client.openapi.models.V1Secret;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V1ServiceAccount;
import io.kubernetes.client.openapi.models.V1ServicePort;
import io.kubernetes.client.openapi.models.V1StatefulSet;
import io.kubernetes.client.openapi.models.V1StatefulSetSpec;
import io.kubernetes.client.openapi.models.V1Volume;
import io.kubernetes.client.openapi.models.V1VolumeMount;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.json.JsonParserFactory;

/**
 * What the chart renders, in the directory that the system property {@code keyval.chart.rendered}
 * names: one file a rendering. {@code .ci/run} renders it with Helm and then runs this class by its
 * name; Maven's own build knows no Helm and leaves it out.
 */
@ParameterizedClass
@MethodSource("renderings")
class RenderedChart {

    @Parameter Path file;

    static List<Path> renderings() throws IOException {
        String directory = System.getProperty("keyval.chart.rendered");
        assertThat(directory).as("system property keyval.chart.rendered").isNotBlank();
        try (Stream<Path> files = Files.list(Path.of(directory))) {
            return files.sorted().toList();
        }
    }

    private Manifests chart() throws IOException {
        return Manifests.read(file);
    }

    @Test
    void whenItIsReadThenEveryFieldIsOneOfTheApi() throws IOException {
        Manifests chart = chart();
        assertThat(chart.objects()).hasSizeGreaterThanOrEqualTo(8);
        assertThat(chart.of(V1StatefulSet.class)).hasSize(chart.isCluster() ? 1 : 2);
        assertThat(chart.of(V1Service.class)).hasSize(chart.isCluster() ? 2 : 4);
        assertThat(chart.of(V1Pod.class)).hasSize(1);
        Set<String> names = new HashSet<>();
        chart.objects()
                .forEach(
                        object ->
                                assertThat(names.add(object.getKind() + Manifests.name(object)))
                                        .as(Manifests.name(object))
                                        .isTrue());
    }

    @Test
    void whenAPodRunsThenItMayDoNothingButItsWork() throws IOException {
        for (V1PodSpec pod : chart().podSpecs()) {
            assertThat(pod.getAutomountServiceAccountToken()).isFalse();
            assertThat(pod.getEnableServiceLinks()).isFalse();
            assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(pod.getSecurityContext().getRunAsUser()).isPositive();
            assertThat(pod.getSecurityContext().getSeccompProfile().getType())
                    .isEqualTo("RuntimeDefault");
            for (V1Container container : pod.getContainers()) {
                var security = container.getSecurityContext();
                assertThat(security.getAllowPrivilegeEscalation()).isFalse();
                assertThat(security.getReadOnlyRootFilesystem()).isTrue();
                assertThat(security.getCapabilities().getDrop()).containsExactly("ALL");
                assertThat(security.getCapabilities().getAdd()).isNullOrEmpty();
                assertThat(security.getPrivileged()).isNull();
            }
        }
        for (V1ServiceAccount account : chart().of(V1ServiceAccount.class)) {
            assertThat(account.getAutomountServiceAccountToken()).isFalse();
        }
    }

    @Test
    void whenANodeReplaysForLongThenNoProbeKillsIt() throws IOException {
        for (V1StatefulSet set : chart().of(V1StatefulSet.class)) {
            V1Container node = node(set);
            assertThat(node.getReadinessProbe().getHttpGet().getPath()).isEqualTo("/readyz");
            for (V1Probe probe : List.of(node.getStartupProbe(), node.getLivenessProbe())) {
                assertThat(probe.getHttpGet().getPath()).isEqualTo("/livez");
            }
            V1Probe startup = node.getStartupProbe();
            assertThat(startup.getPeriodSeconds() * startup.getFailureThreshold())
                    .isGreaterThanOrEqualTo(600);
            for (V1Probe probe :
                    List.of(
                            node.getStartupProbe(),
                            node.getLivenessProbe(),
                            node.getReadinessProbe())) {
                assertThat(portNames(List.of(node)))
                        .contains(probe.getHttpGet().getPort().getStrValue());
            }
        }
    }

    @Test
    void whenPodsOfALeaderAndFollowersAreNumberedThenTheirNumbersAreTheIds() throws IOException {
        assumeFalse(chart().isCluster(), "RenderedCluster holds what is of a cluster");
        Map<String, V1StatefulSetSpec> sets =
                chart().of(V1StatefulSet.class).stream()
                        .map(V1StatefulSet::getSpec)
                        .collect(
                                Collectors.toMap(
                                        spec ->
                                                env(spec.getTemplate().getSpec())
                                                        .get("SPRING_PROFILES_ACTIVE"),
                                        spec -> spec));
        assertThat(sets).containsOnlyKeys("leader", "follower");
        assertThat(sets.get("leader").getOrdinals().getStart()).isEqualTo(1);
        assertThat(sets.get("leader").getReplicas()).isLessThanOrEqualTo(1);
        assertThat(sets.get("follower").getOrdinals().getStart()).isEqualTo(2);
        for (V1StatefulSetSpec set : sets.values()) {
            V1EnvVar id =
                    set.getTemplate().getSpec().getContainers().getFirst().getEnv().stream()
                            .filter(variable -> variable.getName().equals("KEYVAL_ID"))
                            .findFirst()
                            .orElseThrow();
            assertThat(id.getValueFrom().getFieldRef().getFieldPath())
                    .isEqualTo("metadata.labels['apps.kubernetes.io/pod-index']");
        }
    }

    @Test
    void whenThereIsASelectorThenItFindsWhatItIsFor() throws IOException {
        Manifests chart = chart();
        Map<String, String> smokeTest = chart.of(V1Pod.class).getFirst().getMetadata().getLabels();
        for (V1StatefulSet set : chart.of(V1StatefulSet.class)) {
            assertThat(set.getSpec().getTemplate().getMetadata().getLabels())
                    .containsAllEntriesOf(set.getSpec().getSelector().getMatchLabels());
            assertThat(chart.of(V1Service.class).stream().map(Manifests::name))
                    .contains(set.getSpec().getServiceName());
            // Kubernetes makes labels of the name and ten characters more.
            assertThat(Manifests.name(set)).hasSizeLessThanOrEqualTo(52);
        }
        for (V1Service service : chart.of(V1Service.class)) {
            Map<String, String> selector = service.getSpec().getSelector();
            assertThat(selected(chart, selector)).as(Manifests.name(service)).isNotEmpty();
            assertThat(matches(selector, smokeTest)).isFalse();
        }
        for (V1PodDisruptionBudget budget : chart.of(V1PodDisruptionBudget.class)) {
            assertThat(selected(chart, budget.getSpec().getSelector().getMatchLabels()))
                    .as(Manifests.name(budget))
                    .isNotEmpty();
        }
        for (V1NetworkPolicy policy : chart.of(V1NetworkPolicy.class)) {
            Map<String, String> selector = policy.getSpec().getPodSelector().getMatchLabels();
            assertThat(selected(chart, selector)).hasSameSizeAs(chart.nodes());
            assertThat(matches(selector, smokeTest)).isFalse();
        }
    }

    @Test
    void whenTheLeaderIsWantedThenOneNodeIsFound() throws IOException {
        Manifests chart = chart();
        for (V1Service service : chart.of(V1Service.class)) {
            String name = Manifests.name(service);
            if (name.endsWith("-write") || name.endsWith("-leader")) {
                assertThat(selected(chart, service.getSpec().getSelector())).as(name).hasSize(1);
            }
        }
    }

    @Test
    void whenAPortIsNamedThenThePodsHaveIt() throws IOException {
        Manifests chart = chart();
        for (V1Service service : chart.of(V1Service.class)) {
            for (Manifests.Node node : selected(chart, service.getSpec().getSelector())) {
                assertThat(portNames(node.spec().getContainers()))
                        .containsAll(
                                service.getSpec().getPorts().stream()
                                        .map(V1ServicePort::getTargetPort)
                                        .map(port -> port.getStrValue())
                                        .toList());
            }
        }
        for (V1NetworkPolicy policy : chart.of(V1NetworkPolicy.class)) {
            Set<String> open =
                    policy.getSpec().getIngress().stream()
                            .flatMap(rule -> rule.getPorts().stream())
                            .map(V1NetworkPolicyPort::getPort)
                            .map(port -> port.getStrValue())
                            .collect(Collectors.toSet());
            assertThat(open).isEqualTo(portNames(chart.nodes().getFirst().spec().getContainers()));
        }
    }

    @Test
    void whenThereAreSecretsThenTheyAreFilesOnly() throws IOException {
        Manifests chart = chart();
        List<String> secrets =
                chart.of(V1Secret.class).stream()
                        .flatMap(secret -> secret.getData().values().stream())
                        .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                        .toList();
        for (V1PodSpec pod : chart.podSpecs()) {
            for (V1Container container : pod.getContainers()) {
                assertThat(container.getEnvFrom()).isNullOrEmpty();
                for (V1EnvVar variable : container.getEnv()) {
                    assertThat(variable.getName()).doesNotContain("PASSWORD");
                    assertThat(variable.getName()).isNotEqualTo("KEYVAL_SECRET");
                    assertThat(
                                    variable.getValueFrom() == null
                                            || variable.getValueFrom().getSecretKeyRef() == null)
                            .as(variable.getName())
                            .isTrue();
                }
                String told =
                        container.getEnv() + " " + container.getArgs() + container.getCommand();
                secrets.forEach(secret -> assertThat(told).doesNotContain(secret));
            }
        }
        for (V1StatefulSet set : chart.of(V1StatefulSet.class)) {
            assertThat(mount(node(set), "secrets").getMountPath()).isEqualTo("/run/secrets/keyval");
            assertThat(mount(node(set), "secrets").getReadOnly()).isTrue();
            Set<String> files =
                    set.getSpec().getTemplate().getSpec().getVolumes().stream()
                            .filter(volume -> volume.getName().equals("secrets"))
                            .flatMap(volume -> volume.getProjected().getSources().stream())
                            .flatMap(source -> source.getSecret().getItems().stream())
                            .map(item -> item.getPath())
                            .collect(Collectors.toSet());
            assertThat(files).contains("keyval.secret");
            assertThat(Set.of("keyval.secret", "keyval.client-secret")).containsAll(files);
        }
    }

    @Test
    void whenTheChartSetsSomethingThenThereIsSuchASetting() throws IOException {
        for (V1StatefulSet set : chart().of(V1StatefulSet.class)) {
            Map<String, String> env = env(set.getSpec().getTemplate().getSpec());
            Map<String, Object> settings =
                    JsonParserFactory.getJsonParser()
                            .parseMap(env.getOrDefault("SPRING_APPLICATION_JSON", "{}"));
            assertThat(settings.keySet().stream().filter(name -> name.startsWith("keyval.")))
                    .allMatch(SettingNames::contains);
            assertThat(env.keySet().stream().filter(name -> name.startsWith("KEYVAL_")))
                    .allMatch(
                            name ->
                                    SettingNames.all().stream()
                                            .map(setting -> setting.replaceAll("[.-]", "_"))
                                            .anyMatch(name::equalsIgnoreCase));
        }
    }

    @Test
    void whenAVolumeIsMountedThenItIsThere() throws IOException {
        Manifests chart = chart();
        for (V1StatefulSet set : chart.of(V1StatefulSet.class)) {
            V1StatefulSetSpec spec = set.getSpec();
            Set<String> volumes = volumes(spec.getTemplate().getSpec());
            spec.getVolumeClaimTemplates()
                    .forEach(claim -> volumes.add(claim.getMetadata().getName()));
            assertThat(spec.getPersistentVolumeClaimRetentionPolicy() == null)
                    .isEqualTo(spec.getVolumeClaimTemplates().isEmpty());
            assertThat(node(set).getVolumeMounts().stream().map(V1VolumeMount::getName))
                    .containsExactlyInAnyOrderElementsOf(volumes);
            assertThat(node(set).getVolumeMounts().stream().map(V1VolumeMount::getMountPath))
                    .contains("/data", "/tmp");
        }
        for (V1Pod pod : chart.of(V1Pod.class)) {
            List<V1VolumeMount> mounts =
                    Objects.requireNonNullElse(
                            pod.getSpec().getContainers().getFirst().getVolumeMounts(), List.of());
            assertThat(mounts.stream().map(V1VolumeMount::getName))
                    .containsExactlyInAnyOrderElementsOf(volumes(pod.getSpec()));
        }
    }

    @Test
    void whenPrometheusIsToScrapeThenItFindsEveryNodeByTheRightPort() throws IOException {
        Manifests chart = chart();
        for (Map<String, Object> monitor : foreign(chart, "ServiceMonitor")) {
            Map<?, ?> spec = (Map<?, ?>) monitor.get("spec");
            Map<?, ?> selector = (Map<?, ?>) ((Map<?, ?>) spec.get("selector")).get("matchLabels");
            List<V1Service> services =
                    chart.of(V1Service.class).stream()
                            .filter(
                                    service ->
                                            service.getMetadata()
                                                    .getLabels()
                                                    .entrySet()
                                                    .containsAll(selector.entrySet()))
                            .toList();
            assertThat(services).hasSize(1);
            V1Service service = services.getFirst();
            assertThat(selected(chart, service.getSpec().getSelector()))
                    .hasSameSizeAs(chart.nodes());
            Map<?, ?> endpoint = (Map<?, ?>) ((List<?>) spec.get("endpoints")).getFirst();
            assertThat(service.getSpec().getPorts().stream().map(V1ServicePort::getName))
                    .contains((String) endpoint.get("port"));
        }
        for (Map<String, Object> rule : foreign(chart, "PrometheusRule")) {
            try (var in = Files.newInputStream(Path.of("helm/keyval/files/rules.yml"))) {
                assertThat(rule.get("spec")).isEqualTo(new org.yaml.snakeyaml.Yaml().load(in));
            }
        }
    }

    @Test
    void whenAFieldIsUnknownOrOfAnotherTypeThenItIsRefused() throws IOException {
        String good = "apiVersion: v1\nkind: Service\nspec:\n  ports:\n    - port: 5000\n";
        assertThat(Manifests.parse(good).objects()).hasSize(1);
        assertThatThrownBy(() -> Manifests.parse(good.replace("ports", "porst")))
                .hasMessageContaining("porst");
        assertThatThrownBy(() -> Manifests.parse(good.replace("5000", "many")));
        assertThatThrownBy(() -> Manifests.parse(good.replace("Service", "Servant")));
    }

    private static List<Map<String, Object>> foreign(Manifests chart, String kind) {
        return chart.foreign().stream().filter(object -> kind.equals(object.get("kind"))).toList();
    }

    private static List<Manifests.Node> selected(Manifests chart, Map<String, String> selector) {
        return chart.nodes().stream().filter(node -> matches(selector, node.labels())).toList();
    }

    private static boolean matches(Map<String, String> selector, Map<String, String> labels) {
        return labels.entrySet().containsAll(selector.entrySet());
    }

    private static V1Container node(V1StatefulSet set) {
        return set.getSpec().getTemplate().getSpec().getContainers().getFirst();
    }

    private static V1VolumeMount mount(V1Container container, String name) {
        return container.getVolumeMounts().stream()
                .filter(mount -> mount.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Set<String> volumes(V1PodSpec pod) {
        return Objects.requireNonNullElse(pod.getVolumes(), List.<V1Volume>of()).stream()
                .map(V1Volume::getName)
                .collect(Collectors.toCollection(HashSet::new));
    }

    private static Set<String> portNames(List<V1Container> containers) {
        return containers.stream()
                .flatMap(container -> container.getPorts().stream())
                .map(V1ContainerPort::getName)
                .collect(Collectors.toSet());
    }

    private static Map<String, String> env(V1PodSpec pod) {
        return pod.getContainers().getFirst().getEnv().stream()
                .filter(variable -> variable.getValue() != null)
                .collect(Collectors.toMap(V1EnvVar::getName, V1EnvVar::getValue));
    }
}
