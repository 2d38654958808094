package io.keyval;

import io.keyval.config.KeyvalProperties;
import io.keyval.config.WalProperties;
import io.keyval.server.TcpServer;
import io.keyval.store.KeyValueStore;
import io.keyval.store.Role;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/** Tells in the log what has been started. */
@Component
class StartLog {

    private static final Logger log = LoggerFactory.getLogger(StartLog.class);

    private final KeyvalProperties properties;
    private final WalProperties wal;
    private final @Nullable KeyValueStore store;
    private final TcpServer server;
    private final @Nullable String httpAddress;
    private volatile int httpPort = -1;

    StartLog(
            KeyvalProperties properties,
            WalProperties wal,
            ObjectProvider<KeyValueStore> store,
            TcpServer server,
            Environment environment) {
        this.properties = properties;
        this.wal = wal;
        this.store = store.getIfAvailable();
        this.server = server;
        this.httpAddress = environment.getProperty("server.address");
    }

    @EventListener
    void httpStarted(WebServerInitializedEvent event) {
        httpPort = event.getWebServer().getPort();
        if (httpPort > 0) {
            log.info("HTTP on port {}", httpPort);
        }
    }

    @EventListener(ApplicationReadyEvent.class)
    void started() {
        if (store == null) {
            inCluster(properties.cluster());
        } else {
            withLog(store);
        }
    }

    private void withLog(KeyValueStore store) {
        Role role = store.role();
        if (role == Role.LEADER && properties.secret() == null) {
            log.warn(
                    "No secret is set, so this leader admits no follower; to change that, set"
                            + " KEYVAL_SECRET in the environment");
        }
        log.info(
                "Started {} {}{} on {}, {}; position {}, {} keys, {} records replayed, log {}, fsync {}",
                role.name().toLowerCase(Locale.ROOT),
                properties.nodeId(),
                role == Role.LEADER
                        ? ""
                        : " of the leader %s:%d"
                                .formatted(properties.leaderHost(), properties.leaderPort()),
                address(properties.address(), server.port()),
                http(),
                store.wal().position(),
                store.keys(),
                store.replay().records(),
                store.wal().file().toAbsolutePath(),
                wal.fsync());
    }

    private void inCluster(KeyvalProperties.Cluster cluster) {
        log.info(
                "Started node {} of the cluster {} on {}, {}; peers {}, reads {}, data {}",
                properties.nodeId(),
                cluster.name(),
                address(properties.address(), server.port()),
                http(),
                cluster.peers(),
                cluster.reads().name().toLowerCase(Locale.ROOT),
                properties.dataDir().toAbsolutePath());
    }

    private String http() {
        return httpPort > 0 ? "HTTP on " + address(httpAddress, httpPort) : "no HTTP";
    }

    private static String address(@Nullable String address, int port) {
        return "%s:%d".formatted(address == null ? "*" : address, port);
    }
}
