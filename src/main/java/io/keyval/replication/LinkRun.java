package io.keyval.replication;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The life of a follower's link: its virtual thread, from the start until it is stopped, and the
 * waits, which end early when there is news. Thread-safe.
 *
 * <p>Whoever is interrupted in a wait ends the run by it.
 */
final class LinkRun {

    private final Object news = new Object();

    private volatile boolean running;
    private volatile boolean frozen;
    private volatile @Nullable Thread thread;
    private volatile byte @Nullable [] lastWord;

    /** Starts the thread; its work returns soon when the link does not run any more. */
    void start(Runnable work) {
        running = true;
        thread = Thread.ofVirtual().name("leader-link").start(work);
    }

    /** Whether it was started and not stopped. */
    boolean isRunning() {
        return running;
    }

    /** Whether what comes is to be taken in, rather than dropped. */
    boolean isTaking() {
        return running && !frozen;
    }

    /** What comes is dropped from now on. */
    void freeze() {
        frozen = true;
    }

    /** What comes is taken in again. */
    void thaw() {
        frozen = false;
    }

    /**
     * Ends the run; when this returns, its thread has ended. Waits through interrupts, and leaves
     * the caller interrupted then.
     *
     * @param last for the leader, if it listens
     */
    void stop(byte[] last) {
        lastWord = last;
        running = false;
        wake();
        Thread runner = thread;
        if (runner != null) {
            boolean interrupted = false;
            while (runner.isAlive()) {
                try {
                    runner.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** What to tell the leader at the end; null when the run was not stopped by {@link #stop}. */
    byte @Nullable [] lastWord() {
        return lastWord;
    }

    /** Somebody who works for the link was interrupted: the run ends. */
    void interrupted() {
        running = false;
    }

    /** There is news: who waits looks again. */
    void wake() {
        synchronized (news) {
            news.notifyAll();
        }
    }

    /**
     * Waits once, for news or until the time is over, unless the run has ended or there is news
     * already.
     *
     * @param none whether there is no news yet; asked where no {@link #wake} can be missed
     * @param millis at least 1
     */
    void awaitNews(BooleanSupplier none, long millis) {
        synchronized (news) {
            if (running && none.getAsBoolean()) {
                try {
                    news.wait(millis);
                } catch (InterruptedException e) {
                    running = false;
                }
            }
        }
    }

    /**
     * Waits until it is so, also when the run has ended.
     *
     * @param done asked after each {@link #wake}
     */
    void awaitUntil(BooleanSupplier done) {
        synchronized (news) {
            while (!done.getAsBoolean()) {
                try {
                    news.wait();
                } catch (InterruptedException e) {
                    running = false;
                }
            }
        }
    }

    /** Waits for a random time between half the pause and all of it, or until the run ends. */
    void sleep(Duration pause) {
        long nanos = pause.toNanos();
        long end =
                System.nanoTime() + nanos / 2 + ThreadLocalRandom.current().nextLong(nanos / 2 + 1);
        synchronized (news) {
            while (running && end - System.nanoTime() > 0) {
                try {
                    news.wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
                } catch (InterruptedException e) {
                    running = false;
                }
            }
        }
    }
}
