package io.keyval.actuate;

import io.keyval.cluster.Cluster;
import io.keyval.cluster.ClusterException;
import io.keyval.cluster.ClusterView;
import io.keyval.command.Command;
import io.keyval.config.ClusterPeer;
import io.keyval.store.MemoryBudget;
import io.keyval.store.Replica;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A cluster that is as it is told to be, and notes what it is asked to do. */
public final class FakeCluster implements Cluster {

    private final List<String> asked = new ArrayList<>();
    private volatile ClusterView view = of(leader());
    private volatile boolean running = true;
    private volatile @Nullable String shortage;
    private volatile @Nullable ClusterException refusal;
    private volatile EntryListener listener = (_, _) -> {};

    /** Node 1 of three, which leads the shard. */
    public static ClusterView.Group leader() {
        return group("leader", 1, true, null);
    }

    /** A shard that node 2 leads, and this one does not hold. */
    public static ClusterView.Group elsewhere(int shard) {
        return new ClusterView.Group(
                shard,
                "g" + shard,
                "elsewhere",
                0,
                2,
                null,
                0,
                0,
                0,
                0,
                true,
                null,
                0,
                0,
                0,
                0,
                List.of());
    }

    /** A shard in another state. */
    public static ClusterView.Group group(
            String role, @Nullable Integer leader, boolean caughtUp, @Nullable String failure) {
        return new ClusterView.Group(
                0,
                "6d79d2bb-f0c2-3d04-8f5c-b5e0dbd8e4b8",
                role,
                3,
                leader,
                leader == null ? null : Instant.parse("2026-03-01T10:00:00Z"),
                120,
                119,
                100,
                12,
                caughtUp,
                failure,
                2,
                7,
                1,
                0,
                "leader".equals(role)
                        ? List.of(
                                new ClusterView.PeerState(2, true, 118L, 2L, 12L),
                                new ClusterView.PeerState(3, false, null, null, null))
                        : List.of());
    }

    /** The cluster with these shards. */
    public static ClusterView of(ClusterView.Group... groups) {
        return new ClusterView(
                1,
                "keyval",
                "log",
                true,
                1,
                3,
                List.of(
                        new ClusterView.Node(
                                1, "127.0.0.1:6001", "127.0.0.1:5000", "127.0.0.1:8080", true),
                        new ClusterView.Node(
                                2, "127.0.0.1:6002", "127.0.0.1:5001", "127.0.0.1:8081", true),
                        new ClusterView.Node(3, "127.0.0.1:6003", null, null, false)),
                List.of(groups));
    }

    /** What it was asked to do, one line each. */
    public List<String> asked() {
        return List.copyOf(asked);
    }

    /** Is like this from now on. */
    public void show(ClusterView shown) {
        view = shown;
    }

    /** Refuses everything from now on, or nothing. */
    public void refuse(@Nullable ClusterException with) {
        refusal = with;
    }

    /** Has started, or has not. */
    public void run(boolean runs) {
        running = runs;
    }

    /** Makes an entry. */
    public void make(int shard, int commands) {
        listener.entry(shard, commands);
    }

    /** Has too little memory from now on, for this reason. */
    public void lackMemory(String reason) {
        shortage = reason;
    }

    /** Is as it was in the beginning. */
    public void reset() {
        asked.clear();
        view = of(leader());
        running = true;
        refusal = null;
        shortage = null;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public ClusterView view() {
        return view;
    }

    @Override
    public @Nullable String memoryShortage() {
        return shortage;
    }

    @Override
    public void add(ClusterPeer peer, boolean voting) {
        note("add %s voting=%s".formatted(peer, voting));
    }

    @Override
    public void remove(int id) {
        note("remove " + id);
    }

    @Override
    public void transfer(int id, @Nullable Integer shard) {
        note("transfer %d shard=%s".formatted(id, shard));
    }

    @Override
    public List<Integer> backUp(Path file) {
        note("back up");
        try (Replica replica = new Replica(MemoryBudget.unbounded())) {
            replica.apply(List.of(new Command.Put(new byte[] {'a'}, new byte[] {'b'})));
            Replica.writeBackup(file, 7, List.of(replica));
        }
        return List.of(0);
    }

    @Override
    public void listen(EntryListener with) {
        listener = with;
    }

    private void note(String what) {
        ClusterException with = refusal;
        if (with != null) {
            throw with;
        }
        asked.add(what);
    }
}
