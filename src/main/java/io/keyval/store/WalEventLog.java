package io.keyval.store;

import io.keyval.wal.CompactionResult;
import io.keyval.wal.WalEvents;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Writes a log's events to the server's log. */
@Component
@Profile("!cluster")
final class WalEventLog implements WalEvents {

    private static final Logger log = LoggerFactory.getLogger(KeyValueStore.class);
    private static final long SLOW_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long PROGRESS_NANOS = Duration.ofSeconds(3).toNanos();

    private long replayBegun;
    private long replayTold;

    @Override
    public void forced(long nanos) {
        if (nanos > SLOW_NANOS) {
            log.warn("Forcing the log to disk took {} ms.", nanos / 1_000_000);
        }
    }

    @Override
    public void replaying(Path file, long records, long bytes, long totalBytes) {
        long now = System.nanoTime();
        if (replayBegun == 0 || bytes == 0) {
            replayBegun = now;
            replayTold = now;
        }
        if (bytes == totalBytes) {
            replayed(file, records, bytes, now - replayBegun);
            replayBegun = 0;
        } else if (now - replayTold > PROGRESS_NANOS) {
            replayTold = now;
            long left = (long) ((double) (now - replayBegun) / bytes * (totalBytes - bytes));
            log.info(
                    "Replaying {}: {} records, {} of {} bytes, {} %, about {} s left.",
                    file,
                    records,
                    bytes,
                    totalBytes,
                    100 * bytes / totalBytes,
                    left / 1_000_000_000);
        }
    }

    /** The replay is over. */
    void replayed(Path file, long records, long bytes, long nanos) {
        log.info(
                "Replayed {} records, {} bytes of {} in {} ms.",
                records,
                bytes,
                file,
                nanos / 1_000_000);
    }

    @Override
    public void tornTail(Path file, long offset, long bytes, String what, Path copy) {
        log.warn(
                "The end of {} was torn at offset {} ({}); {} bytes that were never acknowledged were cut off and kept in {}.",
                file,
                offset,
                what,
                bytes,
                copy);
    }

    @Override
    public void stalled(Path file, String reason) {
        log.error("Writes are answered with ERROR until they succeed again: {}.", reason);
    }

    @Override
    public void resumed(Path file) {
        log.info("Writes to {} succeed again.", file);
    }

    @Override
    public void failed(Path file, String reason) {
        log.error("The log takes no more writes until the next start: {}.", reason);
    }

    @Override
    public void compacted(Path file, CompactionResult result) {
        log.info(
                "Compacted {} from {} to {} bytes, {} records, in {} ms; writers waited {} ms.",
                file,
                result.bytesBefore(),
                result.bytesAfter(),
                result.records(),
                result.took().toMillis(),
                result.pause().toMillis());
    }
}
