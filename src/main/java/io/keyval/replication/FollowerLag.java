package io.keyval.replication;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How far a follower's log is behind its leader's, in records, bytes and time, by what the leader
 * says, over all connections to it. Thread-safe: one thread at a time, that of the connection,
 * tells what was heard, any thread may ask.
 */
final class FollowerLag {

    /** A word of the leader on where its log was. */
    private record Heard(long position, long nanos) {}

    /**
     * A look at the lag.
     *
     * @param leaderPosition of the leader's last durable record, as last heard; the follower's own
     *     if that is greater
     * @param records that the leader has and this node does not
     * @param bytes of the log, as last heard; 0 when no record lacks
     * @param time how long ago the first of the records was heard of
     */
    record Reading(long leaderPosition, long records, long bytes, Duration time) {}

    private final LongSupplier ownPosition;
    private final LongSupplier nanoTime;
    private final LagClock clock = new LagClock();

    /** When the leader last spoke to this follower as one that it took in; null: never. */
    private volatile @Nullable Long lastHeard;

    /** Whether this node's log was, at some time, a beginning of what the leader was heard of. */
    private volatile boolean inStep;

    /** This node has all that the leader had at this time; null: never. */
    private volatile @Nullable Long current;

    /** What has to be reached for {@link #current} to be later. */
    private final AtomicReference<@Nullable Heard> awaited = new AtomicReference<>();

    private volatile long leaderPosition;
    private volatile long lagBytes;

    /**
     * Of a follower that has heard nothing.
     *
     * @param ownPosition of the last durable record in this node's log
     * @param nanoTime as {@link System#nanoTime}
     */
    FollowerLag(LongSupplier ownPosition, LongSupplier nanoTime) {
        this.ownPosition = ownPosition;
        this.nanoTime = nanoTime;
    }

    /** The leader spoke, at this time, to this follower as one that it took in. */
    void heard(long nanos) {
        lastHeard = nanos;
    }

    /** This node's log is a beginning of the leader's. */
    void inStep() {
        inStep = true;
        settle();
    }

    /** This node's log is to be replaced: nothing in it counts as the leader's. */
    void outOfStep() {
        inStep = false;
        awaited.set(null);
    }

    /** The leader's log is at this position now. */
    void leaderAt(long position) {
        long now = nanoTime.getAsLong();
        leaderPosition = position;
        clock.reached(position, now);
        settle();
        awaited.compareAndSet(null, new Heard(position, now));
        settle();
    }

    /** The leader knows this node to lack so many bytes. */
    void behindBy(long bytes) {
        lagBytes = bytes;
    }

    /** Notes when what was awaited is here. */
    private void settle() {
        Heard heard = awaited.get();
        if (heard != null
                && inStep
                && ownPosition.getAsLong() >= heard.position()
                && awaited.compareAndSet(heard, null)) {
            current = heard.nanos();
        }
    }

    /** How long ago the leader was heard, or null when it never was. */
    @Nullable Duration silence() {
        return since(lastHeard);
    }

    /**
     * How old what is here may be: how long ago all that the leader had is known to have been here.
     * Null when it never was.
     */
    @Nullable Duration age() {
        settle();
        return since(current);
    }

    private @Nullable Duration since(@Nullable Long nanos) {
        return nanos == null ? null : Duration.ofNanos(nanoTime.getAsLong() - nanos);
    }

    /** Whether everything that the leader was heard to have is here. */
    boolean isCaughtUp() {
        return inStep && ownPosition.getAsLong() >= leaderPosition;
    }

    /** The lag now. */
    Reading read() {
        long position = inStep ? ownPosition.getAsLong() : 0;
        long leader = Math.max(leaderPosition, position);
        boolean behind = leader > position;
        return new Reading(
                leader,
                Math.max(0, leader - position),
                behind ? lagBytes : 0,
                clock.behind(position, nanoTime.getAsLong()));
    }
}
