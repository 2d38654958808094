package io.keyval.replication;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;

/**
 * Remembers when a log reached a position, to tell by how much time a copy of it is behind:
 * exactly, or to one part in a hundred where it has to remember long. Thread-safe.
 */
final class LagClock {

    private record Sample(long position, long nanos) {}

    private static final int MAX_SAMPLES = 4096;
    private static final int PRECISION = 100;

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
            thinOut(nanos);
        }
        samples.add(new Sample(position, nanos));
    }

    /** Drops samples whose neighbours, seen from now, are close together. */
    private void thinOut(long now) {
        List<Sample> all = List.copyOf(samples);
        samples.clear();
        Sample kept = all.getFirst();
        samples.add(kept);
        for (int i = 1; i < all.size(); i++) {
            boolean dense =
                    i + 1 < all.size()
                            && all.get(i + 1).nanos() - kept.nanos()
                                    <= (now - all.get(i + 1).nanos()) / PRECISION;
            if (!dense) {
                kept = all.get(i);
                samples.add(kept);
            }
        }
        if (samples.size() == MAX_SAMPLES) {
            samples.removeFirst();
        }
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
