package io.keyval;

import io.keyval.config.KeyvalProperties;
import io.keyval.config.WalProperties;
import io.keyval.store.KeyValueStore;
import io.keyval.store.Role;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Tells in the log what has been started. */
@Component
class StartLog {

    private static final Logger log = LoggerFactory.getLogger(StartLog.class);

    private final KeyvalProperties properties;
    private final WalProperties wal;
    private final KeyValueStore store;

    StartLog(KeyvalProperties properties, WalProperties wal, KeyValueStore store) {
        this.properties = properties;
        this.wal = wal;
        this.store = store;
    }

    @EventListener
    void httpStarted(WebServerInitializedEvent event) {
        int port = event.getWebServer().getPort();
        if (port > 0) {
            log.info("HTTP on port {}", port);
        }
    }

    @EventListener(ApplicationReadyEvent.class)
    void started() {
        Role role = store.role();
        if (role == Role.LEADER && properties.secret() == null) {
            log.warn(
                    "No secret is set, so this leader admits no follower; to change that, set"
                            + " KEYVAL_SECRET in the environment");
        }
        log.info(
                "Started {} {}{} at position {} with {} keys, log {}, fsync {}",
                role.name().toLowerCase(Locale.ROOT),
                properties.nodeId(),
                role == Role.LEADER
                        ? ""
                        : " of the leader %s:%d"
                                .formatted(properties.leaderHost(), properties.leaderPort()),
                store.wal().position(),
                store.keys(),
                store.wal().file().toAbsolutePath(),
                wal.fsync());
    }
}
