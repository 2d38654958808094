package io.keyval.cluster;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.ratis.metrics.LongCounter;
import org.apache.ratis.metrics.MetricRegistries;
import org.apache.ratis.metrics.MetricRegistryInfo;
import org.apache.ratis.metrics.RatisMetricRegistry;
import org.apache.ratis.metrics.Timekeeper;
import org.apache.ratis.util.TimeDuration;
import org.jspecify.annotations.Nullable;

/**
 * What Ratis counts and times, as meters: {@code ratis.<component>.<name>} with the tag {@code
 * shard}. Ratis finds it as a service. Thread-safe.
 *
 * <p>Whatever has a peer in its name is left out: {@code keyval.cluster.peer.lag} says it once for
 * each peer, and not ten times. There are at most {@link #MOST} meters, whatever the number of
 * shards.
 */
public final class RatisMetrics extends MetricRegistries {

    /** Meters that are shown, of all shards together. */
    static final int MOST = 2000;

    private static final Timekeeper UNTIMED = () -> () -> 0;

    private static final Pattern OF_A_PEER = Pattern.compile(".*(\\d|@).*");

    private final Map<MetricRegistryInfo, Registry> registries = new ConcurrentHashMap<>();

    /** Where meters go, and the shards' numbers by the names of their groups. */
    private record Target(MeterRegistry meters, Map<String, Integer> shards) {}

    private volatile @Nullable Target target;
    private int shown;

    /** For Ratis alone. */
    public RatisMetrics() {}

    /**
     * Shows from now on what is counted of the shards of a cluster. To be called before Ratis
     * starts: what it has counted before is not shown.
     */
    static void show(ClusterSettings settings, MeterRegistry meters) {
        if (MetricRegistries.global() instanceof RatisMetrics metrics) {
            Map<String, Integer> shards = new HashMap<>();
            for (int i = 0; i < settings.shards(); i++) {
                shards.put(settings.id() + "@" + ShardGroup.groupId(settings.name(), i), i);
            }
            metrics.target = new Target(meters, Map.copyOf(shards));
        }
    }

    @Override
    public void clear() {
        registries.keySet().forEach(this::remove);
    }

    @Override
    public RatisMetricRegistry create(MetricRegistryInfo info) {
        return registries.computeIfAbsent(info, Registry::new);
    }

    @Override
    public boolean remove(MetricRegistryInfo info) {
        Registry removed = registries.remove(info);
        if (removed != null) {
            removed.hide();
        }
        return removed != null;
    }

    @Override
    public Optional<RatisMetricRegistry> get(MetricRegistryInfo info) {
        return Optional.ofNullable(registries.get(info));
    }

    @Override
    public Set<MetricRegistryInfo> getMetricRegistryInfos() {
        return Set.copyOf(registries.keySet());
    }

    @Override
    public Collection<RatisMetricRegistry> getMetricRegistries() {
        return Set.copyOf(registries.values());
    }

    @Override
    public void addReporterRegistration(
            Consumer<RatisMetricRegistry> reporter, Consumer<RatisMetricRegistry> stopper) {}

    @Override
    public void enableJmxReporter() {}

    @Override
    public void enableConsoleReporter(TimeDuration rate) {}

    private synchronized boolean takePlace() {
        if (shown >= MOST) {
            return false;
        }
        shown++;
        return true;
    }

    private synchronized void givePlacesBack(int count) {
        shown -= count;
    }

    /** {@code numInstallSnapshot} and {@code num_requests} as Micrometer would have them. */
    static String dotted(String name) {
        return name.replaceAll("([a-z])([A-Z])", "$1.$2")
                .replace('_', '.')
                .toLowerCase(Locale.ROOT);
    }

    /** The metrics of one part of one shard. */
    private final class Registry implements RatisMetricRegistry {

        private final MetricRegistryInfo info;
        private final @Nullable MeterRegistry meters;
        private final Tags tags;
        private final Map<String, Timekeeper> timers = new ConcurrentHashMap<>();
        private final Map<String, LongCounter> counters = new ConcurrentHashMap<>();
        private final Map<String, Meter> visible = new ConcurrentHashMap<>();

        Registry(MetricRegistryInfo info) {
            this.info = info;
            Target to = target;
            Integer shard = to == null ? null : to.shards().get(info.getPrefix());
            this.meters = to == null || shard == null ? null : to.meters();
            this.tags = Tags.of("shard", String.valueOf(shard));
        }

        @Override
        public Timekeeper timer(String name) {
            return timers.computeIfAbsent(
                    name,
                    _ -> {
                        Timer timer = (Timer) show(name, to -> to.timer(named(name), tags));
                        return timer == null ? UNTIMED : () -> begin(timer);
                    });
        }

        private static Timekeeper.Context begin(Timer timer) {
            long begin = System.nanoTime();
            return () -> {
                long nanos = System.nanoTime() - begin;
                timer.record(nanos, TimeUnit.NANOSECONDS);
                return nanos;
            };
        }

        @Override
        public LongCounter counter(String name) {
            return counters.computeIfAbsent(
                    name,
                    _ -> new Count((Counter) show(name, to -> to.counter(named(name), tags))));
        }

        @Override
        public boolean remove(String name) {
            Meter meter = visible.remove(name);
            if (meter != null) {
                hide(meter);
            }
            return counters.remove(name) != null | timers.remove(name) != null | meter != null;
        }

        @Override
        public <T> void gauge(String name, Supplier<Supplier<T>> gauge) {
            show(
                    name,
                    to -> {
                        Supplier<T> value = gauge.get();
                        return Gauge.builder(named(name), value, Registry::number)
                                .tags(tags)
                                .strongReference(true)
                                .register(to);
                    });
        }

        private static double number(Supplier<?> value) {
            return value.get() instanceof Number number ? number.doubleValue() : Double.NaN;
        }

        @Override
        public MetricRegistryInfo getMetricRegistryInfo() {
            return info;
        }

        /** Shows a meter, unless it is of a peer, or of nobody, or there are too many. */
        private @Nullable Meter show(String name, Function<MeterRegistry, Meter> meter) {
            MeterRegistry to = meters;
            if (to == null || OF_A_PEER.matcher(name).matches()) {
                return null;
            }
            return visible.computeIfAbsent(name, _ -> takePlace() ? meter.apply(to) : null);
        }

        private String named(String name) {
            return dotted(
                    "%s.%s.%s"
                            .formatted(
                                    info.getApplicationName(),
                                    info.getMetricsComponentName(),
                                    name));
        }

        private void hide() {
            visible.values().forEach(this::hide);
            visible.clear();
        }

        private void hide(Meter meter) {
            MeterRegistry from = meters;
            if (from != null) {
                from.remove(meter);
                givePlacesBack(1);
            }
        }
    }

    /** A count, which may be shown. */
    private static final class Count implements LongCounter {

        private final LongAdder count = new LongAdder();
        private final @Nullable Counter shown;

        Count(@Nullable Counter shown) {
            this.shown = shown;
        }

        @Override
        public void inc(long n) {
            count.add(n);
            if (shown != null) {
                shown.increment(n);
            }
        }

        @Override
        public void dec(long n) {
            count.add(-n);
        }

        @Override
        public long getCount() {
            return count.sum();
        }
    }
}
