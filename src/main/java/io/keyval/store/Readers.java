package io.keyval.store;

import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Knows whether anybody reads, so that what is read can be taken away safely. Readers wait for
 * nobody. Thread-safe.
 *
 * <p>The arena's own guard does not do: closed while another thread copies out of it, it has let
 * that thread go on in memory that was given back, and return it as if it were right (JDK 25, once
 * in some hundred closings under load).
 */
final class Readers {

    private static final long PAUSE_NANOS = 100_000;

    private final LongAdder entered = new LongAdder();
    private final LongAdder left = new LongAdder();
    private volatile boolean shut;

    /**
     * Called before reading; {@link #leave} follows, unless this throws.
     *
     * @throws IllegalStateException after {@link #shutOut}
     */
    void enter() {
        entered.increment();
        // The adder alone does not keep what is read next behind it.
        VarHandle.fullFence();
        if (shut) {
            left.increment();
            throw new IllegalStateException("These data were replaced by others.");
        }
    }

    void leave() {
        left.increment();
    }

    /** Lets nobody in from now on; returns when all have left. */
    void shutOut() {
        shut = true;
        while (true) {
            // In this order: who is counted as having left was counted before as having entered.
            long out = left.sum();
            if (entered.sum() == out) {
                return;
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}
