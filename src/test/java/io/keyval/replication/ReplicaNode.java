package io.keyval.replication;

import io.keyval.it.LineClient;
import io.keyval.server.TcpServer;
import io.keyval.store.KeyValueStore;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskSchedulingAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.integration.autoconfigure.IntegrationAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;

/** A leader or a follower in this process, on a free port, with quick heartbeats. */
final class ReplicaNode implements AutoCloseable {

    static final String SECRET = "hush";

    /** Bears no annotation that a scan of the whole application would find it by. */
    @ImportAutoConfiguration({
        TaskSchedulingAutoConfiguration.class,
        IntegrationAutoConfiguration.class,
        SslAutoConfiguration.class
    })
    @ComponentScan(
            basePackages = {"io.keyval.server", "io.keyval.store", "io.keyval.replication"},
            excludeFilters = @ComponentScan.Filter(SpringBootConfiguration.class))
    @ConfigurationPropertiesScan("io.keyval.config")
    static class Application {

        @Bean
        MeterRegistry meterRegistry() {
            return new SimpleMeterRegistry();
        }
    }

    private final ConfigurableApplicationContext context;

    private ReplicaNode(ConfigurableApplicationContext context) {
        this.context = context;
    }

    static ReplicaNode leader(Path directory, String... settings) {
        return start(directory, "leader", settings);
    }

    static ReplicaNode follower(int id, Path directory, int leaderPort, String... settings) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.add("keyval.id=" + id);
        all.add("keyval.leader-port=" + leaderPort);
        return start(directory, "follower", all.toArray(String[]::new));
    }

    private static ReplicaNode start(Path directory, String role, String... settings) {
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "--spring.profiles.active=" + role,
                                "--keyval.port=0",
                                "--keyval.address=127.0.0.1",
                                "--keyval.data-dir=" + directory,
                                "--keyval.secret=" + SECRET,
                                "--keyval.replication.heartbeat=100ms",
                                "--keyval.replication.timeout=20s"));
        for (String setting : settings) {
            arguments.add("--" + setting);
        }
        return new ReplicaNode(
                new SpringApplicationBuilder(Application.class)
                        .web(WebApplicationType.NONE)
                        .registerShutdownHook(false)
                        .run(arguments.toArray(String[]::new)));
    }

    int port() {
        return context.getBean(TcpServer.class).port();
    }

    KeyValueStore store() {
        return context.getBean(KeyValueStore.class);
    }

    Replication replication() {
        return context.getBean(Replication.class);
    }

    /** A connection that has said nothing. */
    LineClient connect() {
        return LineClient.connect("127.0.0.1", port());
    }

    /** The replies to these commands, on a connection of their own. */
    List<String> ask(String... commands) {
        try (LineClient client = connect().hello()) {
            return client.pipeline(List.of(commands));
        }
    }

    /** How often a follower was brought to the leader's history, as this node counts it. */
    double resyncs(String kind) {
        return context
                .getBean(MeterRegistry.class)
                .find("keyval.replication.resyncs")
                .tag("kind", kind)
                .counters()
                .stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    boolean isStreaming() {
        LinkStatus link = replication().link();
        return link != null && link.state() == LinkStatus.State.STREAMING;
    }

    @Override
    public void close() {
        context.close();
    }
}
