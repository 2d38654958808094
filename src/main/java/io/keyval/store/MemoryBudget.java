package io.keyval.store;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.ToLongFunction;

/** What all {@link Replica}s of a node may take together. Thread-safe. */
public final class MemoryBudget {

    /** None at all. */
    public static MemoryBudget unbounded() {
        return new MemoryBudget(Long.MAX_VALUE);
    }

    private final long most;
    private final List<Keyspace> keyspaces = new CopyOnWriteArrayList<>();

    /**
     * A bound.
     *
     * @param most bytes of memory; {@link Long#MAX_VALUE} is no bound
     */
    public MemoryBudget(long most) {
        this.most = most;
    }

    /** Bytes that the data may take; {@link Long#MAX_VALUE} when there is no bound. */
    public long most() {
        return most;
    }

    /** Bytes that the data takes, in use or kept for what comes. */
    public long memory() {
        return keyspaces.stream().mapToLong(Keyspace::memory).sum();
    }

    /** The limit of a keyspace that takes part, until it leaves. */
    MemoryLimit limit(Keyspace keyspace) {
        keyspaces.add(keyspace);
        return new MemoryLimit(
                most,
                Runtime.getRuntime().maxMemory(),
                () -> others(keyspace, Keyspace::memory),
                () -> others(keyspace, Keyspace::heapMemory));
    }

    void leave(Keyspace keyspace) {
        keyspaces.remove(keyspace);
    }

    private long others(Keyspace keyspace, ToLongFunction<Keyspace> bytes) {
        long sum = 0;
        for (Keyspace other : keyspaces) {
            sum += other == keyspace ? 0 : bytes.applyAsLong(other);
        }
        return sum;
    }
}
