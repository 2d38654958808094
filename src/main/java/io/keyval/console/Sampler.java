package io.keyval.console;

import io.keyval.cluster.ClusterView;
import io.keyval.console.Sample.Figure;
import io.keyval.store.Store;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Looks at the node every two seconds, from before its log is replayed until after it is closed,
 * and keeps what it saw. A look takes about a millisecond on a thread of its own.
 */
@Component
class Sampler implements SmartLifecycle {

    static final Duration INTERVAL = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(Sampler.class);

    /**
     * The newest look.
     *
     * @param time in milliseconds since 1970
     */
    record Look(long time, NodeView node) {}

    private final NodeReader reader;
    private final MeterRegistry meters;
    private final ChangeWatch changes;
    private final Clock clock = Clock.systemUTC();
    private final History history = new History();
    private final TimerWindow gets = new TimerWindow();
    private final TimerWindow puts = new TimerWindow();
    private final TimerWindow deletes = new TimerWindow();
    private final TimerWindow all = new TimerWindow();
    private final TimerWindow errors = new TimerWindow();
    private final TimerWindow fsyncs = new TimerWindow();

    private long lastNanos = System.nanoTime();
    private volatile @Nullable Look latest;
    private volatile @Nullable ScheduledExecutorService thread;

    Sampler(NodeReader reader, MeterRegistry meters, EventFeed feed) {
        this.reader = reader;
        this.meters = meters;
        this.changes = new ChangeWatch(feed, meters);
    }

    /** The newest look, or null before the first. */
    @Nullable Look latest() {
        return latest;
    }

    /** The samples behind the first {@code seq}; see {@link History#after}. */
    History.Part after(long seq) {
        return history.after(seq);
    }

    /** A look that fails must not be the last one. */
    private void tick() {
        try {
            look();
        } catch (RuntimeException e) {
            log.debug("The console could not look at the node", e);
        }
    }

    private void look() {
        long nanos = System.nanoTime();
        double seconds = Math.max(1e-3, (nanos - lastNanos) / 1e9);
        lastNanos = nanos;
        NodeView node = reader.read();
        long time = clock.millis();
        Map<Figure, Double> figures = new EnumMap<>(Figure.class);
        TimerWindow.Reading get = gets.look(commands("get"), seconds);
        TimerWindow.Reading put = puts.look(commands("put"), seconds);
        TimerWindow.Reading delete = deletes.look(commands("delete"), seconds);
        TimerWindow.Reading any =
                all.look(List.copyOf(meters.find("keyval.commands").timers()), seconds);
        TimerWindow.Reading fsync =
                fsyncs.look(
                        Stream.of("keyval.wal.fsync", "ratis.log.worker.flush.time")
                                .flatMap(name -> meters.find(name).timers().stream())
                                .toList(),
                        seconds);
        put(figures, get, Figure.GET, Figure.GET_P50, Figure.GET_P99, Figure.GET_P999);
        put(figures, put, Figure.PUT, Figure.PUT_P50, Figure.PUT_P99, Figure.PUT_P999);
        put(
                figures,
                delete,
                Figure.DELETE,
                Figure.DELETE_P50,
                Figure.DELETE_P99,
                Figure.DELETE_P999);
        put(figures, fsync, Figure.FSYNCS, Figure.FSYNC_P50, Figure.FSYNC_P99, Figure.FSYNC_P999);
        figures.put(
                Figure.OTHER, Math.max(0, any.rate() - get.rate() - put.rate() - delete.rate()));
        figures.put(Figure.ERRORS, errors.look(failures(), seconds).rate());
        NodeView.Log wal = node.log();
        ClusterView cluster = node.cluster();
        figures.put(Figure.KEYS, node.open() ? node.keys() : Double.NaN);
        figures.put(Figure.LOG, wal == null ? committed(cluster) : wal.size());
        figures.put(Figure.HEAP, (double) node.memory().heap());
        Long resident = node.memory().resident();
        figures.put(Figure.RSS, resident == null ? Double.NaN : resident);
        Integer connections = node.connections();
        figures.put(Figure.CONNECTIONS, connections == null ? Double.NaN : connections);
        history.add(Sample.of(time, figures, lags(node)));
        changes.look(node);
        latest = new Look(time, node);
    }

    private static double committed(@Nullable ClusterView cluster) {
        return cluster == null || cluster.groups().isEmpty()
                ? Double.NaN
                : cluster.groups().stream().mapToLong(ClusterView.Group::committed).sum();
    }

    private List<Timer> commands(String verb) {
        return List.copyOf(meters.find("keyval.commands").tag("verb", verb).timers());
    }

    private List<Timer> failures() {
        return List.copyOf(meters.find("keyval.commands").tag("outcome", "error").timers());
    }

    private static void put(
            Map<Figure, Double> figures,
            TimerWindow.Reading reading,
            Figure rate,
            Figure p50,
            Figure p99,
            Figure p999) {
        figures.put(rate, reading.rate());
        figures.put(p50, reading.p50());
        figures.put(p99, reading.p99());
        figures.put(p999, reading.p999());
    }

    private static Map<Integer, List<Double>> lags(NodeView node) {
        Map<Integer, List<Double>> lags = new TreeMap<>();
        List<NodeView.Follower> followers = node.followers();
        if (followers != null) {
            for (NodeView.Follower follower : followers) {
                lags.put(
                        follower.id(),
                        List.of((double) follower.lagRecords(), follower.lagSeconds()));
            }
        }
        NodeView.Leader leader = node.leader();
        if (leader != null) {
            lags.put(node.id(), List.of((double) leader.lagRecords(), leader.lagSeconds()));
        }
        ClusterView cluster = node.cluster();
        if (cluster != null) {
            for (ClusterView.Group group : cluster.groups()) {
                for (ClusterView.PeerState peer : group.peers()) {
                    Long lag = peer.lag();
                    if (lag != null) {
                        lags.merge(
                                peer.id(),
                                List.of((double) lag),
                                (one, other) ->
                                        List.of(Math.max(one.getFirst(), other.getFirst())));
                    }
                }
            }
        }
        return lags;
    }

    @Override
    public void start() {
        ScheduledExecutorService next =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("console-sampler").factory());
        next.scheduleAtFixedRate(this::tick, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        thread = next;
    }

    @Override
    public void stop() {
        ScheduledExecutorService last = thread;
        if (last != null) {
            last.shutdownNow();
            thread = null;
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    /** Before the log is opened, so that its replay can be seen. */
    @Override
    public int getPhase() {
        return Store.PHASE - 1;
    }
}
