package io.keyval.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What came of a load.
 *
 * @param seconds how long it lasted, until the last reply
 * @param gets latencies of GETs, in nanoseconds
 * @param puts latencies of PUTs, in nanoseconds
 * @param misses GETs of a key that was absent
 * @param errors how often a verb got a reply that it should not, by verb and reply
 */
record BenchReport(
        BenchSettings settings,
        double seconds,
        Histogram gets,
        Histogram puts,
        long misses,
        Map<String, Long> errors) {

    BenchReport withErrors(Map<String, Long> others) {
        return new BenchReport(settings, seconds, gets, puts, misses, others);
    }

    String text() {
        StringBuilder text = new StringBuilder();
        text.append(
                format(
                        "%,d clients, %,d in flight each, %d %% GET, %,d-byte values, %,d keys,"
                                + " %d thread%s, %.1f s%n%n",
                        settings.clients(),
                        settings.inFlight(),
                        settings.reads(),
                        settings.valueSize(),
                        settings.keys(),
                        settings.threads(),
                        settings.threads() == 1 ? "" : "s",
                        seconds));
        text.append(
                format(
                        "     %14s %12s %9s %9s %9s %9s %9s%n",
                        "requests",
                        "per second",
                        "p50 ms",
                        "p90 ms",
                        "p99 ms",
                        "p99.9 ms",
                        "max ms"));
        line(text, "GET", gets);
        line(text, "PUT", puts);
        line(text, "all", all());
        text.append(format("%nmisses  %,d of %,d GETs%n", misses, gets.getTotalCount()));
        if (misses > 0) {
            text.append("        (--fill puts every key first)%n".formatted());
        }
        text.append(format("errors  %s%n", errors.isEmpty() ? "none" : ""));
        errors.forEach((reply, count) -> text.append(format("        %,d x %s%n", count, reply)));
        return text.toString();
    }

    private void line(StringBuilder text, String verb, Histogram latencies) {
        long count = latencies.getTotalCount();
        if (count == 0) {
            return;
        }
        text.append(
                format(
                        "%-4s %,14d %,12.0f %9.3f %9.3f %9.3f %9.3f %9.3f%n",
                        verb,
                        count,
                        count / seconds,
                        latencies.getValueAtPercentile(50) / 1e6,
                        latencies.getValueAtPercentile(90) / 1e6,
                        latencies.getValueAtPercentile(99) / 1e6,
                        latencies.getValueAtPercentile(99.9) / 1e6,
                        latencies.getMaxValue() / 1e6));
    }

    private Histogram all() {
        Histogram all = gets.copy();
        all.add(puts);
        return all;
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    Map<String, @Nullable Object> json() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("clients", settings.clients());
        map.put("pipeline", settings.inFlight());
        map.put("reads", settings.reads());
        map.put("valueSize", settings.valueSize());
        map.put("keys", settings.keys());
        map.put("threads", settings.threads());
        map.put("seconds", rounded(seconds));
        map.put("get", json(gets));
        map.put("put", json(puts));
        map.put("all", json(all()));
        map.put("misses", misses);
        map.put("errors", errors);
        return map;
    }

    private Map<String, @Nullable Object> json(Histogram latencies) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("requests", latencies.getTotalCount());
        map.put("perSecond", Math.round(latencies.getTotalCount() / seconds));
        if (latencies.getTotalCount() > 0) {
            map.put("p50Ms", rounded(latencies.getValueAtPercentile(50) / 1e6));
            map.put("p90Ms", rounded(latencies.getValueAtPercentile(90) / 1e6));
            map.put("p99Ms", rounded(latencies.getValueAtPercentile(99) / 1e6));
            map.put("p99.9Ms", rounded(latencies.getValueAtPercentile(99.9) / 1e6));
            map.put("maxMs", rounded(latencies.getMaxValue() / 1e6));
        }
        return map;
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
