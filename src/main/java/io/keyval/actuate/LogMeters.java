package io.keyval.actuate;

import io.keyval.wal.CompactionResult;
import io.keyval.wal.WalEvents;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.springframework.stereotype.Component;

/** Meters of what the log does. */
@Component
class LogMeters implements WalEvents {

    private final Timer fsync;
    private final Counter compactions;
    private final Timer compactionPause;

    LogMeters(MeterRegistry registry) {
        this.fsync =
                Timer.builder("keyval.wal.fsync")
                        .description("How long the log took to be forced to disk")
                        .publishPercentileHistogram()
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
