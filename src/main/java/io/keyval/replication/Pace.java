package io.keyval.replication;

import java.time.Duration;

/**
 * Lets what becomes durable within a moment go to a follower together: each message costs leader
 * and follower more than the records in it, and each force more than both. Who was sent nothing for
 * a moment is sent what is next at once.
 *
 * <p>The moments are the same for all followers, so that their senders wake together. For one
 * thread.
 */
final class Pace {

    private final long moment;
    private long over = System.nanoTime();

    /**
     * @param moment zero sends everything at once
     */
    Pace(Duration moment) {
        this.moment = moment.toNanos();
    }

    /** Something was sent: the moment in which it was is to pass before the next. */
    void sent() {
        if (moment > 0) {
            over = (Math.floorDiv(System.nanoTime(), moment) + 1) * moment;
        }
    }

    /** Waits until the moment in which something was sent is over. */
    void await() throws InterruptedException {
        long left = over - System.nanoTime();
        if (left > 0) {
            Thread.sleep(Duration.ofNanos(left));
        }
    }
}
