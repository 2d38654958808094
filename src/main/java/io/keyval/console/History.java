package io.keyval.console;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The newest samples, oldest first: twenty minutes of them. Thread-safe. */
final class History {

    static final int CAPACITY = 600;

    private final ArrayDeque<Sample> samples = new ArrayDeque<>(CAPACITY);
    private long last;

    /** The rows behind one that a viewer has. */
    record Part(List<String> columns, long last, List<List<@Nullable Object>> rows) {}

    synchronized void add(Sample sample) {
        if (samples.size() == CAPACITY) {
            samples.removeFirst();
        }
        samples.addLast(sample);
        last++;
    }

    /**
     * The samples behind the first {@code seq} of all that there ever were, as far as they are
     * kept.
     */
    synchronized Part after(long seq) {
        long missing = Math.clamp(last - Math.max(0, seq), 0, samples.size());
        List<List<@Nullable Object>> rows = new ArrayList<>();
        Iterator<Sample> newest = samples.descendingIterator();
        while (missing-- > 0) {
            rows.add(newest.next().row());
        }
        return new Part(Sample.COLUMNS, last, rows.reversed());
    }
}
