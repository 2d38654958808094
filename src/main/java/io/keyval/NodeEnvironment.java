package io.keyval;

import io.keyval.config.InvalidSettingException;
import io.keyval.config.KeyvalProperties;
import io.keyval.config.SettingNames;
import io.keyval.config.SettingsCheck;
import io.keyval.config.WalProperties;
import io.keyval.store.EarlyReplay;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Looks at all settings before anything starts, so that a wrong one ends the process with one
 * sentence; begins to read the log, which takes as long as all the rest; and makes HTTP one port
 * with one name: {@code management.server.port} and {@code management.server.address}.
 */
class NodeEnvironment implements EnvironmentPostProcessor, Ordered {

    private static final String MANAGEMENT_PORT = "management.server.port";
    private static final String MANAGEMENT_ADDRESS = "management.server.address";
    private static final String DEFAULT_MANAGEMENT_PORT = "8080";

    /** After the configuration files have been read. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }

    @Override
    public void postProcessEnvironment(
            ConfigurableEnvironment environment, SpringApplication application) {
        refuseUnknownSettings(environment);
        Node node = check(environment);
        unifyHttp(environment);
        if (node.role().equals("cluster")) {
            return;
        }
        EarlyReplay replay =
                EarlyReplay.begin(
                        node.properties().dataDir(),
                        node.role().equals("follower"),
                        node.properties().nodeId());
        if (replay != null) {
            application.addInitializers(
                    context -> context.getBeanFactory().registerSingleton("earlyReplay", replay));
        }
    }

    private record Node(String role, KeyvalProperties properties) {}

    private static Node check(ConfigurableEnvironment environment) {
        String[] active = environment.getActiveProfiles();
        String role =
                SettingsCheck.role(
                        Arrays.asList(
                                active.length > 0 ? active : environment.getDefaultProfiles()));
        Binder binder = Binder.get(environment);
        KeyvalProperties properties = binder.bindOrCreate("keyval", KeyvalProperties.class);
        SettingsCheck.check(
                role, properties, binder.bindOrCreate("keyval.wal", WalProperties.class));
        return new Node(role, properties);
    }

    /**
     * Boot would open a second port for Actuator beside that of the application. There is only one
     * here, so the server takes the settings of the management server, which then has none.
     */
    private static void unifyHttp(ConfigurableEnvironment environment) {
        String port = environment.getProperty(MANAGEMENT_PORT, "");
        if (port.isBlank()) {
            port = environment.getProperty("server.port", DEFAULT_MANAGEMENT_PORT);
        }
        if (!port.strip().matches("-1|\\d{1,5}") || Integer.parseInt(port.strip()) > 65535) {
            throw new InvalidSettingException(
                    "%s must be a port from 0 to 65535, or -1 for no HTTP, but is '%s'."
                            .formatted(MANAGEMENT_PORT, port));
        }
        if (Binder.get(environment).bind("management.server.ssl", Map.class).isBound()) {
            throw new InvalidSettingException(
                    "management.server.ssl is not used: TLS for HTTP is server.ssl; set server.ssl.bundle.");
        }
        Map<String, Object> http = new HashMap<>();
        http.put("server.port", port.strip());
        http.put(MANAGEMENT_PORT, "");
        String address = environment.getProperty(MANAGEMENT_ADDRESS, "").strip();
        if (!address.isEmpty()) {
            checkAddress(address);
            http.put("server.address", address);
        }
        environment.getPropertySources().addFirst(new MapPropertySource("keyval-http", http));
    }

    private static void checkAddress(String address) {
        try {
            InetAddress.getByName(address);
        } catch (UnknownHostException e) {
            throw new InvalidSettingException(
                    "%s must be an address of this machine, but is '%s'."
                            .formatted(MANAGEMENT_ADDRESS, address));
        }
    }

    /**
     * A mistyped setting must not be a silent default. The process environment and the system
     * properties are left alone: they hold what is meant for others too.
     */
    private static void refuseUnknownSettings(ConfigurableEnvironment environment) {
        List<String> foreign =
                List.of(
                        StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                        StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME);
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (!foreign.contains(source.getName())
                    && source instanceof EnumerablePropertySource<?> settings) {
                for (String name : settings.getPropertyNames()) {
                    if (name.startsWith("keyval.") && !SettingNames.contains(name)) {
                        throw new InvalidSettingException(
                                "There is no setting %s; did you mean %s?"
                                        .formatted(name, SettingNames.nearest(name)));
                    }
                }
            }
        }
    }
}
