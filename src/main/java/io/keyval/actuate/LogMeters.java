package io.keyval.actuate;

import io.keyval.wal.CompactionResult;
import io.keyval.wal.WalEvents;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Meters of what the log does. */
@Component
@Profile("!cluster")
class LogMeters implements WalEvents {

    /** From a fast device to one that is in trouble; the alerts' thresholds are among them. */
    private static final Duration[] BUCKETS =
            DoubleStream.of(
                            0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                            0.25, 0.5, 1, 2.5, 5, 10)
                    .mapToObj(seconds -> Duration.ofNanos((long) (seconds * 1e9)))
                    .toArray(Duration[]::new);

    private final Timer fsync;
    private final Counter compactions;
    private final Timer compactionPause;

    LogMeters(MeterRegistry registry) {
        this.fsync =
                Timer.builder("keyval.wal.fsync")
                        .description("How long the log took to be forced to disk")
                        .serviceLevelObjectives(BUCKETS)
                        .register(registry);
        this.compactions =
                Counter.builder("keyval.wal.compactions")
                        .description("Compactions of the log that have succeeded")
                        .register(registry);
        this.compactionPause =
                Timer.builder("keyval.wal.compaction.pause")
                        .description("How long writers waited for a compaction's final switch")
                        .register(registry);
    }

    @Override
    public void forced(long nanos) {
        fsync.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void compacted(Path file, CompactionResult result) {
        compactions.increment();
        compactionPause.record(result.pause());
    }
}
