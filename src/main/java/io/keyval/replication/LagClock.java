package io.keyval.replication;

import java.time.Duration;
import java.util.ArrayDeque;

/**
 * Remembers when a log reached a position, to tell by how much time a copy of it is behind.
 * Remembers the last few thousand samples. Thread-safe.
 */
final class LagClock {

    private record Sample(long position, long nanos) {}

    private static final int MAX_SAMPLES = 4096;

    private final ArrayDeque<Sample> samples = new ArrayDeque<>();

    /** The log is at {@code position} now. */
    synchronized void reached(long position, long nanos) {
        Sample last = samples.peekLast();
        if (last != null && last.position() == position) {
            return;
        }
        if (last != null && last.position() > position) {
            samples.clear();
        }
        if (samples.size() == MAX_SAMPLES) {
            samples.removeFirst();
        }
        samples.add(new Sample(position, nanos));
    }

    /** How long ago the log went beyond {@code position}; zero when it did not. */
    synchronized Duration behind(long position, long nanos) {
        for (Sample sample : samples) {
            if (sample.position() > position) {
                return Duration.ofNanos(Math.max(0, nanos - sample.nanos()));
            }
        }
        return Duration.ZERO;
    }
}
