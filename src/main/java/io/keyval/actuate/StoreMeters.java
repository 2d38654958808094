package io.keyval.actuate;

import io.keyval.store.KeyValueStore;
import io.keyval.wal.Wal;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Meters of what the node is and holds. */
@Component
@Profile("!cluster")
class StoreMeters implements MeterBinder {

    private final KeyValueStore store;

    StoreMeters(KeyValueStore store) {
        this.store = store;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("keyval.leader", store, StoreMeters::leader)
                .description("1 while the node is the leader, 0 while it is a follower")
                .register(registry);
        Gauge.builder("keyval.keys", store, KeyValueStore::keys)
                .description("Keys that are present")
                .register(registry);
        Gauge.builder("keyval.memory", store, KeyValueStore::memory)
                .description("Memory that the data takes, in use or kept for what comes")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("keyval.memory.max", store, StoreMeters::maxMemory)
                .description("Memory that the data may take; infinite when there is no bound")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("keyval.wal.position", store, of(Wal::position))
                .description("Position of the last durable record")
                .register(registry);
        Gauge.builder("keyval.wal.size", store, of(Wal::size))
                .description("Size of the log")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("keyval.wal.failed", store, StoreMeters::failed)
                .description("1 when the log takes no more writes until the next start, else 0")
                .register(registry);
    }

    private static double leader(KeyValueStore store) {
        return switch (store.role()) {
            case LEADER -> 1;
            case FOLLOWER -> 0;
        };
    }

    private static double failed(KeyValueStore store) {
        return store.isOpen() && store.wal().failure() != null ? 1 : 0;
    }

    private static double maxMemory(KeyValueStore store) {
        return store.maxMemory() == Long.MAX_VALUE ? Double.POSITIVE_INFINITY : store.maxMemory();
    }

    private static ToDoubleFunction<KeyValueStore> of(ToLongFunction<Wal> value) {
        return store -> store.isOpen() ? value.applyAsLong(store.wal()) : Double.NaN;
    }
}
