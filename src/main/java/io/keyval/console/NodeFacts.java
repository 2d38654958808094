package io.keyval.console;

import io.keyval.config.KeyvalProperties;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryUsage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.health.actuate.endpoint.CompositeHealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.IndicatedHealthDescriptor;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.info.BuildProperties;
import org.springframework.stereotype.Component;

/** What can be told of a node whatever its role is. */
@Component
class NodeFacts {

    private static final Path PROCESS = Path.of("/proc/self/status");

    /**
     * The health.
     *
     * @param reasons why it is not UP, one sentence each
     */
    record Wellness(String status, List<String> reasons) {}

    private final KeyvalProperties properties;
    private final MeterRegistry meters;
    private final ObjectProvider<HealthEndpoint> health;
    private final @Nullable String version;
    private final MemoryMXBean memory = ManagementFactory.getMemoryMXBean();

    NodeFacts(
            KeyvalProperties properties,
            MeterRegistry meters,
            ObjectProvider<HealthEndpoint> health,
            ObjectProvider<BuildProperties> build) {
        this.properties = properties;
        this.meters = meters;
        this.health = health;
        BuildProperties built = build.getIfAvailable();
        this.version = built == null ? null : built.getVersion();
    }

    int id() {
        return properties.nodeId();
    }

    int maxConnections() {
        return properties.limits().maxConnections();
    }

    @Nullable String version() {
        return version;
    }

    @Nullable Integer connections() {
        Gauge connections = meters.find("keyval.connections").gauge();
        return connections == null ? null : (int) connections.value();
    }

    /** The health; before the node is open, {@code waiting} is the reason why it is not UP. */
    Wellness wellness(boolean open, String waiting) {
        HealthEndpoint endpoint = open ? health.getIfAvailable() : null;
        HealthDescriptor state = endpoint == null ? null : endpoint.health();
        Status status = open ? Status.UNKNOWN : Status.OUT_OF_SERVICE;
        List<String> reasons = new ArrayList<>();
        if (!open) {
            reasons.add(waiting);
        }
        collect(state, reasons);
        return new Wellness((state == null ? status : state.getStatus()).getCode(), reasons);
    }

    @Nullable String address() {
        String address = properties.address();
        String port = properties.port() == 0 ? "" : ":" + properties.port();
        return address == null && port.isEmpty() ? null : (address == null ? "" : address) + port;
    }

    NodeView.Memory memory() {
        MemoryUsage heap = memory.getHeapMemoryUsage();
        return new NodeView.Memory(heap.getUsed(), heap.getMax(), resident());
    }

    /** Linux tells it; elsewhere it is not known. */
    private static @Nullable Long resident() {
        try {
            for (String line : Files.readAllLines(PROCESS, StandardCharsets.ISO_8859_1)) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
        } catch (IOException | NumberFormatException e) {
            return null;
        }
        return null;
    }

    private static void collect(@Nullable HealthDescriptor state, List<String> reasons) {
        switch (state) {
            case CompositeHealthDescriptor whole when whole.getComponents() != null ->
                    whole.getComponents().values().forEach(part -> collect(part, reasons));
            case IndicatedHealthDescriptor part when !part.getStatus().equals(Status.UP) -> {
                Map<String, Object> details = part.getDetails();
                Object reason = details == null ? null : details.get("reason");
                if (reason != null && !reasons.contains(reason.toString())) {
                    reasons.add(reason.toString());
                }
            }
            case null, default -> {}
        }
    }
}
