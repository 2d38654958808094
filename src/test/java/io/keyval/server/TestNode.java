package io.keyval.server;

import io.keyval.it.LineClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

/** The server on the real store, in this process, on a free port of the loopback address. */
final class TestNode implements AutoCloseable {

    @SpringBootConfiguration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        TaskSchedulingAutoConfiguration.class,
        IntegrationAutoConfiguration.class,
        SslAutoConfiguration.class
    })
    @ComponentScan({"io.keyval.server", "io.keyval.store"})
    @ConfigurationPropertiesScan("io.keyval.config")
    static class Application {

        @Bean
        MeterRegistry meterRegistry() {
            return new SimpleMeterRegistry();
        }
    }

    private final ConfigurableApplicationContext context;

    private TestNode(ConfigurableApplicationContext context) {
        this.context = context;
    }

    static TestNode start(Path directory, String... settings) {
        return start(directory, List.of(), settings);
    }

    static TestNode start(Path directory, List<Class<?>> more, String... settings) {
        Map<String, String> arguments = new LinkedHashMap<>();
        arguments.put("keyval.port", "0");
        arguments.put("keyval.address", "127.0.0.1");
        arguments.put("keyval.data-dir", directory.toString());
        arguments.put("logging.level.root", "warn");
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            arguments.put(setting.substring(0, equals), setting.substring(equals + 1));
        }
        return new TestNode(
                new SpringApplicationBuilder(Application.class)
                        .sources(more.toArray(Class<?>[]::new))
                        .web(WebApplicationType.NONE)
                        .registerShutdownHook(false)
                        .run(
                                arguments.entrySet().stream()
                                        .map(each -> "--" + each.getKey() + "=" + each.getValue())
                                        .toArray(String[]::new)));
    }

    int port() {
        return bean(TcpServer.class).port();
    }

    /** A connection that has said nothing. */
    LineClient connect() {
        return LineClient.connect("127.0.0.1", port());
    }

    /** A connection that said HELLO. */
    LineClient client() {
        return connect().hello();
    }

    MeterRegistry meters() {
        return bean(MeterRegistry.class);
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    ConfigurableApplicationContext context() {
        return context;
    }

    @Override
    public void close() {
        context.close();
    }
}
