package io.keyval.actuate;

import io.keyval.store.KeyValueStore;
import io.keyval.wal.Epoch;
import io.keyval.wal.Wal;
import java.nio.file.Files;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/**
 * Whether the log takes writes: DOWN after a failure that only a restart ends, DEGRADED while
 * writes fail for a reason that may pass, such as a full disk or too little memory. Reads go on in
 * both. UNKNOWN while the log is replayed: that is no reason to start the node anew.
 */
@Component
@Profile("!cluster")
class LogHealthIndicator implements HealthIndicator {

    private final KeyValueStore store;

    LogHealthIndicator(KeyValueStore store) {
        this.store = store;
    }

    @Override
    public Health health() {
        if (!store.isOpen()) {
            return Health.unknown().withDetail("reason", store.replay().toString()).build();
        }
        Wal wal = store.wal();
        String shortage = store.memoryShortage();
        Health.Builder health = status(wal.failure(), shortage == null ? trouble(wal) : shortage);
        return health.withDetail("file", wal.file().toString())
                .withDetail("size", wal.size())
                .withDetail("position", wal.position())
                .withDetail("epoch", Epoch.text(wal.epoch()))
                .withDetail("memory", store.memory())
                .withDetail("fsync", store.fsyncPolicy().mode().name().toLowerCase(Locale.ROOT))
                .build();
    }

    /** What is wrong with a log that still takes writes, or null. */
    private static @Nullable String trouble(Wal wal) {
        return wal.stall() == null && !Files.exists(wal.file())
                ? "The file was removed or renamed while the node runs, and is being written anew. If it stays away, see the server's log; what it holds would be gone with the next stop."
                : wal.stall();
    }

    private static Health.Builder status(@Nullable String failure, @Nullable String stall) {
        if (failure != null) {
            return Health.down().withDetail("reason", failure);
        }
        if (stall != null) {
            return Health.status(Degraded.STATUS).withDetail("reason", stall);
        }
        return Health.up();
    }
}
