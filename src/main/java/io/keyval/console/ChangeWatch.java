package io.keyval.console;

import io.keyval.cluster.ClusterView;
import io.keyval.console.Event.Level;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Turns what has changed from one look at the node to the next into events. For one thread. */
final class ChangeWatch {

    private final EventFeed feed;
    private final MeterRegistry meters;
    private final Map<List<String>, Double> resyncs = new HashMap<>();
    private @Nullable NodeView before;

    ChangeWatch(EventFeed feed, MeterRegistry meters) {
        this.feed = feed;
        this.meters = meters;
    }

    void look(NodeView now) {
        NodeView last = before;
        before = now;
        if (last == null || now.open() != last.open()) {
            begun(now);
        }
        if (last != null && last.open()) {
            role(last, now);
            link(last.leader(), now.leader());
        }
        followers(last, now);
        cluster(last, now);
        resyncs();
        health(last, now);
    }

    private void begun(NodeView now) {
        NodeView.Log log = now.log();
        ClusterView cluster = now.cluster();
        if (cluster != null) {
            feed.add(
                    Level.INFO,
                    now.open()
                            ? "Started as node %d of the cluster %s with %,d keys."
                                    .formatted(now.id(), cluster.name(), now.keys())
                            : "The node starts, or stops.");
            return;
        }
        feed.add(
                Level.INFO,
                log == null
                        ? "The log is being replayed."
                        : "Started as %s %d at position %,d with %,d keys."
                                .formatted(now.role(), now.id(), log.position(), now.keys()));
    }

    private void role(NodeView last, NodeView now) {
        if (!last.role().equals(now.role())) {
            feed.add(Level.WARNING, "This node is a %s now.".formatted(now.role()));
        }
    }

    private void link(NodeView.@Nullable Leader last, NodeView.@Nullable Leader now) {
        if (now == null
                || (last != null
                        && last.state().equals(now.state())
                        && last.address().equals(now.address())
                        && Objects.equals(last.reason(), now.reason()))) {
            return;
        }
        switch (now.state()) {
            case "streaming" ->
                    feed.add(Level.GOOD, "The leader %s streams to us.".formatted(now.address()));
            case "syncing" ->
                    feed.add(
                            Level.INFO,
                            "A full sync from the leader %s has begun.".formatted(now.address()));
            default -> {
                boolean wasWell = last == null || last.state().equals("streaming");
                if (wasWell || (now.reason() != null && !now.reason().equals(last.reason()))) {
                    feed.add(
                            Level.WARNING,
                            "The link to the leader %s is %s%s"
                                    .formatted(
                                            now.address(),
                                            now.state(),
                                            now.reason() == null ? "." : ": " + now.reason()));
                }
            }
        }
    }

    private void followers(@Nullable NodeView last, NodeView now) {
        Map<Integer, NodeView.Follower> old = byId(last);
        Map<Integer, NodeView.Follower> current = byId(now);
        old.forEach(
                (id, follower) -> {
                    if (!current.containsKey(id)) {
                        feed.add(
                                Level.WARNING,
                                "Follower %d has left (%s).".formatted(id, follower.address()));
                    }
                });
        current.forEach(
                (id, follower) -> {
                    NodeView.Follower known = old.get(id);
                    if (known == null) {
                        feed.add(
                                Level.GOOD,
                                "Follower %d has come (%s), %s."
                                        .formatted(id, follower.address(), follower.state()));
                    } else if (!known.state().equals(follower.state())) {
                        feed.add(
                                Level.INFO,
                                "Follower %d: %s, was %s."
                                        .formatted(id, follower.state(), known.state()));
                    }
                });
    }

    private static Map<Integer, NodeView.Follower> byId(@Nullable NodeView node) {
        List<NodeView.Follower> followers = node == null ? null : node.followers();
        return followers == null
                ? Map.of()
                : followers.stream()
                        .collect(Collectors.toMap(NodeView.Follower::id, Function.identity()));
    }

    private void cluster(@Nullable NodeView last, NodeView now) {
        ClusterView current = now.cluster();
        if (current == null || !now.open()) {
            return;
        }
        ClusterView old = last == null || !last.open() ? null : last.cluster();
        if (old != null) {
            Set<Integer> before = ids(old), after = ids(current);
            after.stream()
                    .filter(id -> !before.contains(id))
                    .forEach(id -> feed.add(Level.GOOD, "Node %d has come.".formatted(id)));
            before.stream()
                    .filter(id -> !after.contains(id))
                    .forEach(id -> feed.add(Level.WARNING, "Node %d has left.".formatted(id)));
        }
        for (ClusterView.Group group : current.groups()) {
            shard(old == null ? null : group(old, group.shard()), group);
        }
    }

    private void shard(ClusterView.@Nullable Group last, ClusterView.Group now) {
        Integer leader = now.leader();
        if (last == null || !Objects.equals(last.leader(), leader) || last.term() != now.term()) {
            if (leader != null) {
                feed.add(
                        Level.INFO,
                        "elsewhere".equals(now.role())
                                ? "Shard %d: node %d leads.".formatted(now.shard(), leader)
                                : "Shard %d: node %d leads in term %d."
                                        .formatted(now.shard(), leader, now.term()));
            } else if (last != null && last.leader() != null) {
                feed.add(
                        Level.WARNING, "Shard %d: nobody is known to lead.".formatted(now.shard()));
            }
        }
        String failure = now.failure();
        if (failure != null && (last == null || !failure.equals(last.failure()))) {
            feed.add(Level.ERROR, failure.endsWith(".") ? failure : failure + ".");
        }
    }

    private static ClusterView.@Nullable Group group(ClusterView view, int shard) {
        return view.groups().stream()
                .filter(group -> group.shard() == shard)
                .findFirst()
                .orElse(null);
    }

    private static Set<Integer> ids(ClusterView view) {
        return view.nodes().stream()
                .map(ClusterView.Node::id)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private void resyncs() {
        for (Counter counter : meters.find("keyval.replication.resyncs").counters()) {
            String kind = String.valueOf(counter.getId().getTag("kind"));
            String reason = String.valueOf(counter.getId().getTag("reason"));
            double now = counter.count();
            Double last = resyncs.put(List.of(kind, reason), now);
            long done = (long) (now - (last == null ? 0 : last));
            if (done > 0) {
                feed.add(
                        Level.INFO,
                        "%s sync done (%s)%s."
                                .formatted(
                                        kind.equals("full") ? "Full" : "Partial",
                                        reason,
                                        done == 1 ? "" : ", " + done + " times"));
            }
        }
    }

    private void health(@Nullable NodeView last, NodeView now) {
        boolean wasUp = last == null || !last.open();
        if (!now.open() || now.health().equals(wasUp ? "UP" : last.health())) {
            return;
        }
        String reasons = now.reasons().isEmpty() ? "." : ": " + String.join(" ", now.reasons());
        feed.add(
                switch (now.health()) {
                    case "UP" -> Level.GOOD;
                    case "DOWN" -> Level.ERROR;
                    default -> Level.WARNING;
                },
                "Health is %s%s".formatted(now.health(), reasons));
    }
}
