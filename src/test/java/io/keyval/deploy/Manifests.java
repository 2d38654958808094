package io.keyval.deploy;

import io.kubernetes.client.common.KubernetesObject;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.openapi.models.V1Pod;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1StatefulSet;
import io.kubernetes.client.openapi.models.V1StatefulSetSpec;
import io.kubernetes.client.util.Yaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The objects of one rendering of the chart.
 *
 * @param objects those whose kinds are Kubernetes' own
 * @param foreign the others, as maps
 */
record Manifests(List<KubernetesObject> objects, List<Map<String, Object>> foreign) {

    /**
     * A pod as it will be.
     *
     * @param labels those that the controller adds included
     */
    record Node(String name, Map<String, String> labels, V1PodSpec spec) {}

    /** What is in a file that Helm has rendered. */
    static Manifests read(Path file) throws IOException {
        return parse(Files.readString(file));
    }

    /**
     * What is in a text of YAML documents.
     *
     * @throws RuntimeException if a document of a kind of Kubernetes' own has a field that the kind
     *     does not have, or a value of another type
     */
    static Manifests parse(String text) throws IOException {
        Manifests all = new Manifests(new ArrayList<>(), new ArrayList<>());
        for (String document : text.split("(?m)^---$")) {
            Object plain = new org.yaml.snakeyaml.Yaml().load(document);
            if (plain instanceof Map<?, ?> map) {
                String apiVersion = Objects.toString(map.get("apiVersion"));
                if (apiVersion.matches("v1|(apps|policy|batch)/.*|.*\\.k8s\\.io/.*")) {
                    all.objects.add((KubernetesObject) Yaml.load(document));
                } else {
                    @SuppressWarnings("unchecked")
                    Map<String, Object> object = (Map<String, Object>) map;
                    all.foreign.add(object);
                }
            }
        }
        return all;
    }

    /** Those of a kind. */
    <T extends KubernetesObject> List<T> of(Class<T> kind) {
        return objects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** Whether the nodes are those of a cluster, and not a leader and followers. */
    boolean isCluster() {
        return of(V1StatefulSet.class).stream().anyMatch(set -> name(set).endsWith("-cluster"));
    }

    /** The pods of nodes, one for every replica. */
    List<Node> nodes() {
        return of(V1StatefulSet.class).stream().flatMap(Manifests::nodes).toList();
    }

    private static Stream<Node> nodes(V1StatefulSet set) {
        V1StatefulSetSpec spec = Objects.requireNonNull(set.getSpec());
        int first = Objects.requireNonNull(spec.getOrdinals()).getStart();
        return IntStream.range(first, first + spec.getReplicas())
                .mapToObj(
                        number -> {
                            String name = name(set) + "-" + number;
                            Map<String, String> labels =
                                    new HashMap<>(spec.getTemplate().getMetadata().getLabels());
                            labels.put("statefulset.kubernetes.io/pod-name", name);
                            return new Node(name, labels, spec.getTemplate().getSpec());
                        });
    }

    /** Every specification of a pod: of nodes, whether there are replicas or not, and of tests. */
    List<V1PodSpec> podSpecs() {
        return Stream.concat(
                        of(V1StatefulSet.class).stream()
                                .map(set -> set.getSpec().getTemplate().getSpec()),
                        of(V1Pod.class).stream().map(V1Pod::getSpec))
                .toList();
    }

    /** The name of an object. */
    static String name(KubernetesObject object) {
        V1ObjectMeta metadata = Objects.requireNonNull(object.getMetadata());
        return Objects.requireNonNull(metadata.getName());
    }
}
