package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cluster, to look at and to change, at any of its nodes. Thread-safe.
 *
 * <p>Changes block until a majority of every shard concerned has them on disk. Where one fails,
 * shards before it may be changed: it can be asked for again.
 */
public interface Cluster {

    /** Whether the node has started and does not stop. */
    boolean isRunning();

    /** How it is at the moment; without shards before the start. */
    ClusterView view();

    /**
     * Why this node refuses puts for want of memory, a sentence, or null when it does not. Refused
     * by the node that leads the shard, they are for the clients of all nodes.
     */
    @Nullable String memoryShortage();

    /**
     * Makes a node a member of every shard, or changes whether it votes. It has to run at that
     * address, started with {@code keyval.cluster.join}; a node that formed the cluster stays in
     * the shards that it has. Returns when it is one, and has caught up.
     *
     * @param voting whether it counts for majorities
     * @throws ClusterException when it cannot be done, or not in time
     */
    void add(ClusterPeer peer, boolean voting);

    /**
     * Takes a node out of every shard that it is in. It should be stopped then.
     *
     * @throws ClusterException when it cannot be done, or not in time
     */
    void remove(int id);

    /**
     * Has a node lead.
     *
     * @param shard of which shard, or null for all that it votes in
     * @throws ClusterException when it cannot be done, or not in time
     */
    void transfer(int id, @Nullable Integer shard);

    /**
     * Writes all keys of the shards that this node holds into a file in the format of logs, which
     * is on disk when this returns. Each key is as it was at some moment meanwhile, as far as this
     * node has applied.
     *
     * @return the shards that are in it
     * @throws ClusterException when it cannot be written, or the node has not caught up
     */
    List<Integer> backUp(Path file);

    /** Tells a listener of each entry that this node makes, in the place of the one before. */
    void listen(EntryListener listener);

    /** Hears of entries. Called by the threads that make them; must return at once. */
    interface EntryListener {

        /** An entry with so many commands is made for a shard. */
        void entry(int shard, int commands);
    }
}
