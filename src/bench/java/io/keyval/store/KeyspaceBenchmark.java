package io.keyval.store;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Reads and overwrites of random keys; 14-byte keys, 64-byte values. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class KeyspaceBenchmark {

    private static final int ASKED_FOR = 1 << 16;

    /** Entries in the keyspace. */
    @Param({"100000", "5000000"})
    public int entries;

    private final Keyspace keyspace = new Keyspace();
    private final byte[][] keys = new byte[ASKED_FOR][];
    private final byte[] value = new byte[64];
    private final byte[] absent = key(-1);
    private int turn;

    private static byte[] key(long number) {
        return "key:%010d".formatted(number).getBytes(StandardCharsets.US_ASCII);
    }

    /** Fills the keyspace, and draws the keys that are asked for from all of it. */
    @Setup
    public void fill() {
        long random = 88172645463325252L;
        for (int i = 0; i < ASKED_FOR; i++) {
            random ^= random << 13;
            random ^= random >>> 7;
            random ^= random << 17;
            keys[i] = key((random >>> 1) % entries);
        }
        for (int i = 0; i < entries; i++) {
            keyspace.put(key(i), value.clone());
        }
    }

    private byte[] next() {
        turn = (turn + 1) & (ASKED_FOR - 1);
        return keys[turn];
    }

    /** A key that is there. */
    @Benchmark
    public byte @Nullable [] get() {
        return keyspace.get(next());
    }

    /** A key that is not there. */
    @Benchmark
    public byte @Nullable [] getAbsent() {
        return keyspace.get(absent);
    }

    /** A new value for a key that is there; the array of the key is a new one, as from a client. */
    @Benchmark
    public void put() {
        keyspace.put(next().clone(), value.clone());
    }
}
