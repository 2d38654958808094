package io.keyval.server;

import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all connections together may hold of input that is not yet a whole line: many clients that
 * each begin a long line must not take the memory of all others. Thread-safe.
 */
final class InputBudget {

    private static final Logger log = LoggerFactory.getLogger(InputBudget.class);

    private final OccasionalLog refusals = new OccasionalLog(log);
    private final AtomicLong free;
    private final long bytes;

    InputBudget(long bytes) {
        this.bytes = bytes;
        this.free = new AtomicLong(bytes);
    }

    /** An eighth of what the heap may become. */
    static InputBudget ofHeap() {
        return new InputBudget(Runtime.getRuntime().maxMemory() / 8);
    }

    /** Takes a part; false, and nothing is taken, when it is not there. */
    boolean take(long part) {
        if (free.addAndGet(-part) >= 0) {
            return true;
        }
        free.addAndGet(part);
        refusals.warn(
                "A connection is closed in the middle of a line: all connections together hold %d bytes of unfinished lines, as many as allowed"
                        .formatted(bytes));
        return false;
    }

    /** Gives a part back. */
    void give(long part) {
        free.addAndGet(part);
    }

    /** What is not taken. */
    long free() {
        return free.get();
    }
}
