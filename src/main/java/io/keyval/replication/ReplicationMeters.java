package io.keyval.replication;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.function.Supplier;

/** The meters of replication. */
final class ReplicationMeters {

    private final MeterRegistry registry;
    private final MultiGauge lag;

    ReplicationMeters(MeterRegistry registry) {
        this.registry = registry;
        this.lag =
                MultiGauge.builder("keyval.replication.lag")
                        .description("Records that a follower is behind its leader")
                        .baseUnit("records")
                        .register(registry);
    }

    void followers(Supplier<Number> count) {
        Gauge.builder("keyval.followers", count)
                .description("Followers that are connected to this leader")
                .register(registry);
    }

    /** Shows the lag of these followers and of no others. */
    void lags(List<FollowerSession> sessions) {
        lag.register(
                sessions.stream()
                        .map(
                                session ->
                                        MultiGauge.Row.of(
                                                Tags.of("follower", "" + session.id()),
                                                session,
                                                s -> s.status().lagRecords()))
                        .toList(),
                true);
    }

    /** Shows the lag of this node. */
    void lag(int id, Supplier<Number> records) {
        lag.register(List.of(MultiGauge.Row.of(Tags.of("follower", "" + id), records)), true);
    }

    void resynced(Resync how) {
        String kind =
                switch (how) {
                    case Resync.Continue _ -> "partial";
                    case Resync.Full _ -> "full";
                };
        String reason =
                switch (how) {
                    case Resync.Continue _ -> "returned";
                    case Resync.Full(Resync.Reason why) -> why.text();
                };
        Counter.builder("keyval.replication.resyncs")
                .description("Times a follower was brought to the leader's history")
                .tags("kind", kind, "reason", reason)
                .register(registry)
                .increment();
    }
}
