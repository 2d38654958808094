package io.keyval.cli;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * What one thread of a load has seen of one verb. That thread records; another may take out what
 * has come since it last did.
 */
final class BenchTally {

    private static final long LONGEST = 3_600_000_000_000L;
    private static final int DIGITS = 3;

    /** No server is trusted to have few different replies. */
    private static final int KINDS_OF_ERRORS = 20;

    private static final int LONGEST_ERROR = 40;

    private final SingleWriterRecorder latencies = new SingleWriterRecorder(LONGEST, DIGITS);
    private final AtomicLong misses = new AtomicLong();
    private final Map<String, LongAdder> errors = new ConcurrentHashMap<>();

    /** A histogram that a tally's can be added to, in nanoseconds. */
    static Histogram histogram() {
        return new Histogram(LONGEST, DIGITS);
    }

    /** A reply has come after so many nanoseconds. */
    void answered(long nanos) {
        latencies.recordValue(Math.min(Math.max(nanos, 0), LONGEST));
    }

    /** The reply said that the key is absent. */
    void missed() {
        misses.lazySet(misses.get() + 1);
    }

    /** The reply was none that the request may get. */
    void failed(byte[] bytes, int from, int to) {
        int end = Math.min(to, from + LONGEST_ERROR);
        String reply = new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
        String kind = reply.replaceAll("[^ -~]", "?") + (end < to ? "..." : "");
        if (errors.size() >= KINDS_OF_ERRORS && !errors.containsKey(kind)) {
            kind = "(other replies)";
        }
        errors.computeIfAbsent(kind, k -> new LongAdder()).increment();
    }

    /** Takes out what has come since this was last called, and adds it. */
    void moveTo(Histogram histogram) {
        histogram.add(latencies.getIntervalHistogram());
    }

    long misses() {
        return misses.get();
    }

    /** Adds the errors to those in {@code sums}, by the verb and the reply. */
    void addErrorsTo(String verb, TreeMap<String, Long> sums) {
        errors.forEach((reply, count) -> sums.merge(verb + reply, count.sum(), Long::sum));
    }
}
