package io.keyval.replication;

import io.keyval.store.Confirmation;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Holds a write back until enough followers have it on disk, or its time is over.
 *
 * <p>Writes come in log order and each waits equally long, so one queue is enough. Thread-safe;
 * callbacks run on the thread that brings the news.
 */
final class AckConfirmation implements Confirmation {

    private record Waiting(long position, long deadline, Consumer<Boolean> done) {}

    private final int minAcks;
    private final long timeoutNanos;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long confirmed;
    private @Nullable String complaint;

    AckConfirmation(int minAcks, Duration timeout) {
        this.minAcks = minAcks;
        this.timeoutNanos = timeout.toNanos();
    }

    @Override
    public void confirm(long position, Consumer<Boolean> done) {
        synchronized (this) {
            if (position > confirmed) {
                waiting.add(new Waiting(position, System.nanoTime() + timeoutNanos, done));
                return;
            }
        }
        done.accept(true);
    }

    /**
     * Tells what the followers have acknowledged.
     *
     * @param positions one a live follower
     */
    void acknowledged(long[] positions) {
        List<Waiting> ready = new ArrayList<>();
        synchronized (this) {
            long position = nthGreatest(positions);
            if (position <= confirmed) {
                return;
            }
            confirmed = position;
            complaint = null;
            while (!waiting.isEmpty() && waiting.peek().position() <= position) {
                ready.add(waiting.remove());
            }
        }
        ready.forEach(write -> write.done().accept(true));
    }

    private long nthGreatest(long[] positions) {
        if (positions.length < minAcks) {
            return 0;
        }
        long[] sorted = positions.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length - minAcks];
    }

    /** Gives up on writes whose time is over; to be called every few milliseconds. */
    void expire(int followers) {
        List<Waiting> late = new ArrayList<>();
        synchronized (this) {
            long now = System.nanoTime();
            while (!waiting.isEmpty() && now - waiting.peek().deadline() >= 0) {
                late.add(waiting.remove());
            }
            if (!late.isEmpty()) {
                complaint =
                        "%d followers must acknowledge a write and did not in time; %d are connected"
                                .formatted(minAcks, followers);
            }
        }
        late.forEach(write -> write.done().accept(false));
    }

    /**
     * Begins anew, for another history: positions confirmed before mean nothing any more, and what
     * waits is given up.
     */
    void reset() {
        List<Waiting> left;
        synchronized (this) {
            confirmed = 0;
            complaint = null;
            left = List.copyOf(waiting);
            waiting.clear();
        }
        left.forEach(write -> write.done().accept(false));
    }

    /** Why the last writes were not confirmed, or null when they were. */
    synchronized @Nullable String complaint() {
        return complaint;
    }
}
