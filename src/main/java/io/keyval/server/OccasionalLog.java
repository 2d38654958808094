package io.keyval.server;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;

/**
 * Warns of what peers can cause as often as they like, at most once in ten seconds. Thread-safe.
 */
final class OccasionalLog {

    private static final long PAUSE = Duration.ofSeconds(10).toNanos();

    private final Logger log;
    private final AtomicLong quietUntil = new AtomicLong(System.nanoTime());
    private final AtomicLong missed = new AtomicLong();

    OccasionalLog(Logger log) {
        this.log = log;
    }

    void warn(String message) {
        long now = System.nanoTime();
        long until = quietUntil.get();
        if (now - until < 0 || !quietUntil.compareAndSet(until, now + PAUSE)) {
            missed.incrementAndGet();
            return;
        }
        long before = missed.getAndSet(0);
        log.warn("{}{}", message, before == 0 ? "" : " (and %d times before)".formatted(before));
    }
}
