package io.keyval.server;

import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all connections together may hold of one kind of bytes: many that each hold a little must
 * not take the memory of all others. Thread-safe.
 */
final class HeapShare {

    private static final Logger log = LoggerFactory.getLogger(HeapShare.class);

    private final OccasionalLog refusals = new OccasionalLog(log);
    private final AtomicLong free;
    private final String kind;
    private final long bytes;

    /**
     * @param kind what is held, in words
     */
    HeapShare(String kind, long bytes) {
        this.kind = kind;
        this.bytes = bytes;
        this.free = new AtomicLong(bytes);
    }

    /** Lines that have not come whole: an eighth of what the heap may become. */
    static HeapShare ofInput() {
        return new HeapShare("unfinished lines", Runtime.getRuntime().maxMemory() / 8);
    }

    /** Replies that the peers do not take: an eighth of what the heap may become. */
    static HeapShare ofOutput() {
        return new HeapShare("replies that nobody reads", Runtime.getRuntime().maxMemory() / 8);
    }

    /** Takes a part; false, and nothing is taken, when it is not there. */
    boolean take(long part) {
        if (free.addAndGet(-part) >= 0) {
            return true;
        }
        free.addAndGet(part);
        refusals.warn(
                "A connection is closed: all connections together hold %d bytes of %s, as many as allowed"
                        .formatted(bytes, kind));
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
