package io.keyval.console;

import io.keyval.config.KeyvalProperties;
import io.keyval.config.WalProperties;
import io.keyval.replication.LinkStatus;
import io.keyval.replication.Replication;
import io.keyval.store.KeyValueStore;
import io.keyval.store.Role;
import io.keyval.wal.Epoch;
import io.keyval.wal.Wal;
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
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Looks at the node. Changes nothing, and may be asked at any time. */
@Component
@Profile("!cluster")
class NodeReader {

    private static final Path PROCESS = Path.of("/proc/self/status");

    private final KeyvalProperties properties;
    private final WalProperties wal;
    private final KeyValueStore store;
    private final Replication replication;
    private final MeterRegistry meters;
    private final ObjectProvider<HealthEndpoint> health;
    private final @Nullable String version;
    private final MemoryMXBean memory = ManagementFactory.getMemoryMXBean();

    NodeReader(
            KeyvalProperties properties,
            WalProperties wal,
            KeyValueStore store,
            Replication replication,
            MeterRegistry meters,
            ObjectProvider<HealthEndpoint> health,
            ObjectProvider<BuildProperties> build) {
        this.properties = properties;
        this.wal = wal;
        this.store = store;
        this.replication = replication;
        this.meters = meters;
        this.health = health;
        BuildProperties built = build.getIfAvailable();
        this.version = built == null ? null : built.getVersion();
    }

    NodeView read() {
        boolean open = store.isOpen();
        Role role = store.role();
        LinkStatus link = replication.link();
        HealthEndpoint endpoint = open ? health.getIfAvailable() : null;
        HealthDescriptor state = endpoint == null ? null : endpoint.health();
        Status status = open ? Status.UNKNOWN : Status.OUT_OF_SERVICE;
        List<String> reasons = new ArrayList<>();
        if (!open) {
            reasons.add(store.replay().toString());
        }
        collect(state, reasons);
        Gauge connections = meters.find("keyval.connections").gauge();
        return new NodeView(
                NodeView.word(role),
                properties.nodeId(),
                address(),
                version,
                open,
                (state == null ? status : state.getStatus()).getCode(),
                reasons,
                open ? log() : null,
                store.keys(),
                memory(),
                connections == null ? null : (int) connections.value(),
                properties.limits().maxConnections(),
                role == Role.LEADER
                        ? replication.followers().stream().map(NodeView.Follower::of).toList()
                        : null,
                link == null ? null : NodeView.Leader.of(link));
    }

    private @Nullable String address() {
        String address = properties.address();
        String port = properties.port() == 0 ? "" : ":" + properties.port();
        return address == null && port.isEmpty() ? null : (address == null ? "" : address) + port;
    }

    private NodeView.Log log() {
        Wal now = store.wal();
        return new NodeView.Log(
                now.position(),
                Epoch.text(now.epoch()),
                now.size(),
                store.liveBytes(),
                wal.fsync().toString());
    }

    private NodeView.Memory memory() {
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
