package io.keyval.console;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import io.micrometer.core.instrument.distribution.HistogramSnapshot;
import java.util.Collection;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * What some timers together recorded from one look at them to the next. For timers whose buckets
 * count up for ever; without buckets there are no percentiles. For one thread.
 */
final class TimerWindow {

    /**
     * What was recorded. Times are in microseconds; NaN where there is nothing to tell.
     *
     * @param rate a second
     */
    record Reading(double rate, double p50, double p99, double p999) {
        static final Reading NONE = new Reading(Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    }

    private boolean looked;
    private long count;
    private NavigableMap<Double, Long> buckets = new TreeMap<>();

    /** The first look has nothing to compare with and answers {@link Reading#NONE}. */
    Reading look(Collection<Timer> timers, double seconds) {
        NavigableMap<Double, Long> now = new TreeMap<>();
        long all = 0;
        double most = 0;
        for (Timer timer : timers) {
            HistogramSnapshot snapshot = timer.takeSnapshot();
            all += snapshot.count();
            most = Math.max(most, snapshot.max(TimeUnit.MICROSECONDS));
            for (CountAtBucket bucket : snapshot.histogramCounts()) {
                if (bucket.bucket() < Long.MAX_VALUE) {
                    now.merge(
                            bucket.bucket(TimeUnit.MICROSECONDS), (long) bucket.count(), Long::sum);
                }
            }
        }
        Reading reading = looked ? since(now, all, most, seconds) : Reading.NONE;
        looked = true;
        count = all;
        buckets = now;
        return reading;
    }

    private Reading since(NavigableMap<Double, Long> now, long all, double most, double seconds) {
        double[] bounds = now.keySet().stream().mapToDouble(Double::doubleValue).toArray();
        long[] below =
                now.entrySet().stream()
                        .mapToLong(e -> e.getValue() - buckets.getOrDefault(e.getKey(), 0L))
                        .toArray();
        // Buckets and count are not read in one step, and a command may come in between.
        long recorded = Math.max(all - count, below.length == 0 ? 0 : below[below.length - 1]);
        return new Reading(
                recorded / seconds,
                Percentiles.at(0.5, bounds, below, recorded, most),
                Percentiles.at(0.99, bounds, below, recorded, most),
                Percentiles.at(0.999, bounds, below, recorded, most));
    }
}
