package io.keyval.actuate;

import io.keyval.cluster.Cluster;
import io.keyval.cluster.ClusterView;
import io.keyval.store.MemoryBudget;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Meters of what a node of a cluster is and holds, as it was within the last second. */
@Component
@Profile("cluster")
class ClusterMeters implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(ClusterMeters.class);

    private static final Duration INTERVAL = Duration.ofMillis(500);

    private final Cluster cluster;
    private final MeterRegistry registry;
    private final MultiGauge lag;
    private final Map<Integer, DistributionSummary> entries = new ConcurrentHashMap<>();
    private final Map<Integer, Boolean> bound = new ConcurrentHashMap<>();
    private final ScheduledExecutorService looks =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofVirtual().name("cluster-meters").factory());

    private volatile ClusterView view;

    ClusterMeters(Cluster cluster, MemoryBudget budget, MeterRegistry registry) {
        this.cluster = cluster;
        this.registry = registry;
        this.view = cluster.view();
        this.lag =
                MultiGauge.builder("keyval.cluster.peer.lag")
                        .description(
                                "Entries that a peer has not on its disk, where the node leads")
                        .baseUnit("entries")
                        .register(registry);
        Gauge.builder("keyval.keys", this, meters -> meters.sum(ClusterView.Group::keys))
                .description("Keys that are present")
                .register(registry);
        Gauge.builder("keyval.memory", budget, MemoryBudget::memory)
                .description("Memory that the data takes, in use or kept for what comes")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("keyval.memory.max", budget, ClusterMeters::maxMemory)
                .description("Memory that the data may take; infinite when there is no bound")
                .baseUnit("bytes")
                .register(registry);
        FunctionCounter.builder(
                        "keyval.cluster.forwarded",
                        this,
                        meters -> meters.sum(ClusterView.Group::forwarded))
                .description("Commands that this node sent on to the one that leads")
                .register(registry);
        FunctionCounter.builder(
                        "keyval.cluster.unanswered",
                        this,
                        meters -> meters.sum(ClusterView.Group::unanswered))
                .description("Writes answered by ERROR although they may have happened")
                .register(registry);
        cluster.listen((shard, commands) -> entriesOf(shard).record(commands));
        looks.scheduleAtFixedRate(this::look, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** A look that fails must not be the last one. */
    private void look() {
        try {
            refresh();
        } catch (RuntimeException e) {
            log.debug("The meters could not look at the cluster", e);
        }
    }

    private void refresh() {
        ClusterView now = cluster.view();
        view = now;
        List<MultiGauge.Row<?>> lags = new ArrayList<>();
        for (ClusterView.Group group : now.groups()) {
            if ("elsewhere".equals(group.role())) {
                continue;
            }
            bound.computeIfAbsent(group.shard(), this::bind);
            for (ClusterView.PeerState peer : group.peers()) {
                Long behind = peer.lag();
                if (behind != null) {
                    lags.add(
                            MultiGauge.Row.of(
                                    Tags.of("shard", "" + group.shard(), "peer", "" + peer.id()),
                                    behind));
                }
            }
        }
        lag.register(lags, true);
    }

    private boolean bind(int shard) {
        entriesOf(shard);
        gauge("leader", "1 while the node leads the shard, else 0", shard, ClusterMeters::leads);
        gauge("term", "The term of the shard", shard, ClusterView.Group::term);
        gauge(
                "committed",
                "Index of the last entry that is on a majority's disks",
                shard,
                ClusterView.Group::committed);
        gauge(
                "applied",
                "Index of the last entry that is in memory",
                shard,
                ClusterView.Group::applied);
        FunctionCounter.builder(
                        "keyval.cluster.leader.changes",
                        this,
                        of(shard, ClusterView.Group::leaderChanges))
                .description("Times that another node led than before")
                .tag("shard", "" + shard)
                .register(registry);
        return true;
    }

    private void gauge(
            String name, String description, int shard, ToLongFunction<ClusterView.Group> value) {
        Gauge.builder("keyval.cluster." + name, this, of(shard, value))
                .description(description)
                .tag("shard", "" + shard)
                .register(registry);
    }

    private DistributionSummary entriesOf(int shard) {
        return entries.computeIfAbsent(
                shard,
                _ ->
                        DistributionSummary.builder("keyval.cluster.entries")
                                .description("Commands in the entries that this node made")
                                .tag("shard", "" + shard)
                                .register(registry));
    }

    private static ToDoubleFunction<ClusterMeters> of(
            int shard, ToLongFunction<ClusterView.Group> value) {
        return meters -> {
            for (ClusterView.Group group : meters.view.groups()) {
                if (group.shard() == shard) {
                    return value.applyAsLong(group);
                }
            }
            return Double.NaN;
        };
    }

    private static long leads(ClusterView.Group group) {
        return "leader".equals(group.role()) ? 1 : 0;
    }

    private double sum(ToLongFunction<ClusterView.Group> value) {
        return view.groups().stream().mapToLong(value).sum();
    }

    private static double maxMemory(MemoryBudget budget) {
        return budget.most() == Long.MAX_VALUE ? Double.POSITIVE_INFINITY : budget.most();
    }

    @Override
    public void close() {
        looks.shutdownNow();
    }
}
