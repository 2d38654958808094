package io.keyval.store;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses writes that need more memory than the node may use, before they are logged, and says so
 * in the server's log. What is on its way through the log counts as if it were there. Groups that
 * several threads bring at the same moment may together go beyond the bound. Thread-safe.
 */
final class MemoryLimit {

    private static final Logger log = LoggerFactory.getLogger(KeyValueStore.class);
    private static final long PAUSE_NANOS = Duration.ofSeconds(10).toNanos();

    /** The part of the heap that large entries may fill; the rest is for the work. */
    private static final double HEAP_PART = 0.6;

    /** The lengths of what was refused last. */
    private record Refused(int keyLength, int valueLength) {}

    private final long most;
    private final long mostHeap;
    private final LongSupplier elsewhere;
    private final LongSupplier elsewhereOnHeap;
    private final AtomicLong pending = new AtomicLong();
    private volatile @Nullable Refused refused;
    private volatile long quietUntil = System.nanoTime();

    /**
     * A bound.
     *
     * @param most bytes that the data may take in all; {@link Long#MAX_VALUE} is no bound
     * @param heap the largest size of the heap
     */
    MemoryLimit(long most, long heap) {
        this(most, heap, () -> 0, () -> 0);
    }

    /**
     * A bound that others share.
     *
     * @param elsewhere bytes that they take in all
     * @param elsewhereOnHeap of these, what is on the heap
     */
    MemoryLimit(long most, long heap, LongSupplier elsewhere, LongSupplier elsewhereOnHeap) {
        this.most = most;
        this.mostHeap = most == Long.MAX_VALUE ? most : (long) (HEAP_PART * heap);
        this.elsewhere = elsewhere;
        this.elsewhereOnHeap = elsewhereOnHeap;
    }

    /**
     * The bound where none is set: 70 % of the machine's memory less what the heap may take, but at
     * least 10 %.
     */
    static long standard(long machine, long heap) {
        return Math.max((long) (0.7 * machine) - heap, machine / 10);
    }

    /**
     * Whether the entry may be written; one that takes no more than it does now always may.
     *
     * @param before bytes that the caller's group takes up to here
     */
    boolean admits(Keyspace keyspace, byte[] key, byte[] value, long before) {
        if (hasRoom(keyspace, key.length, value.length, pending.get() + before)) {
            Refused last = refused;
            if (last != null && fits(keyspace, last)) {
                refused = null;
                log.info("Writes that need more memory are taken again.");
            }
            return true;
        }
        if (keyspace.isNoLarger(key, value)) {
            return true;
        }
        Refused now = new Refused(key.length, value.length);
        refused = now;
        long time = System.nanoTime();
        if (time - quietUntil >= 0) {
            quietUntil = time + PAUSE_NANOS;
            log.error(
                    "Writes that need more memory are answered with ERROR: {}",
                    sentence(keyspace, now));
        }
        return false;
    }

    /** So many bytes were admitted and are on their way; {@link #arrived} follows. */
    void admitted(long bytes) {
        pending.addAndGet(bytes);
    }

    /** What was {@link #admitted} is in the keyspace, or never will be. */
    void arrived(long bytes) {
        pending.addAndGet(-bytes);
    }

    /** Why writes are refused, or null while none would be that were refused before. */
    @Nullable String reason(Keyspace keyspace) {
        Refused before = refused;
        return before == null || fits(keyspace, before) ? null : sentence(keyspace, before);
    }

    /** Bytes that the data may take in all. */
    long most() {
        return most;
    }

    private boolean fits(Keyspace keyspace, Refused entry) {
        return hasRoom(keyspace, entry.keyLength, entry.valueLength, pending.get());
    }

    private boolean hasRoom(Keyspace keyspace, int keyLength, int valueLength, long before) {
        return keyspace.hasRoom(
                keyLength,
                valueLength,
                before,
                most - elsewhere.getAsLong(),
                mostHeap - elsewhereOnHeap.getAsLong());
    }

    private String sentence(Keyspace keyspace, Refused entry) {
        return keyspace.hasRoom(
                        entry.keyLength,
                        entry.valueLength,
                        0,
                        Long.MAX_VALUE,
                        mostHeap - elsewhereOnHeap.getAsLong())
                ? "the data takes %d of the %d MB of keyval.limits.max-memory; delete some, or raise it."
                        .formatted(keyspace.memory() + elsewhere.getAsLong() >> 20, most >> 20)
                : "large values take %d of the %d MB of heap that they may; delete some, or give the JVM more heap (-Xmx)."
                        .formatted(
                                keyspace.heapMemory() + elsewhereOnHeap.getAsLong() >> 20,
                                mostHeap >> 20);
    }
}
