package io.keyval.console;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The figures of one moment, ready to be sent: the time in milliseconds since 1970, one number or
 * null for each {@link Figure}, and the lag in records and seconds of each follower by id; of each
 * node that is led, in entries. {@code LOG} is in bytes, in a cluster in committed entries.
 */
record Sample(List<@Nullable Object> row) {

    /** Times are in microseconds, rates in events a second, sizes in bytes. */
    enum Figure {
        GET,
        PUT,
        DELETE,
        OTHER,
        ERRORS,
        GET_P50,
        GET_P99,
        GET_P999,
        PUT_P50,
        PUT_P99,
        PUT_P999,
        DELETE_P50,
        DELETE_P99,
        DELETE_P999,
        FSYNCS,
        FSYNC_P50,
        FSYNC_P99,
        FSYNC_P999,
        KEYS,
        LOG,
        HEAP,
        RSS,
        CONNECTIONS
    }

    static final List<String> COLUMNS = columns();

    private static List<String> columns() {
        List<String> names = new ArrayList<>();
        names.add("TIME");
        for (Figure figure : Figure.values()) {
            names.add(figure.name());
        }
        names.add("LAGS");
        return List.copyOf(names);
    }

    /** A sample of figures that are known; NaN is not. */
    static Sample of(long time, Map<Figure, Double> figures, Map<Integer, List<Double>> lags) {
        List<@Nullable Object> row = new ArrayList<>(COLUMNS.size());
        row.add(time);
        for (Figure figure : Figure.values()) {
            row.add(number(figures.getOrDefault(figure, Double.NaN)));
        }
        row.add(lags);
        return new Sample(Collections.unmodifiableList(row));
    }

    /** With no more digits than anybody sees: a history is sent to every viewer. */
    private static @Nullable Object number(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return null;
        }
        double rounded = Math.round(value * 10) / 10.0;
        return rounded == Math.rint(rounded) ? (Object) (long) rounded : (Object) rounded;
    }
}
