package io.keyval.it;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writers that remember what was acknowledged to them, to ask for it after a crash.
 *
 * <p>Each writer has keys of its own and writes growing numbers to them, one batch in flight, so
 * that after a crash a key must hold the last number acknowledged, or one that was in flight.
 */
final class AckedWrites {

    /** What may stand at a key: the last number acknowledged, or one of those sent since. */
    private record Expected(long acknowledged, long sent) {}

    private static final int BATCH = 8;

    private final Map<String, Expected> expected = new ConcurrentHashMap<>();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final List<String> surprises = new CopyOnWriteArrayList<>();
    private final List<Thread> writers = new ArrayList<>();
    private final NodeProcess node;
    private final int keysEach;
    private final int padding;
    private volatile long pauseNanos;
    private volatile boolean mayFail;
    private volatile boolean stopping;

    /**
     * @param keysEach keys of each writer
     * @param padding bytes added to each value
     */
    AckedWrites(NodeProcess node, int keysEach, int padding) {
        this.node = node;
        this.keysEach = keysEach;
        this.padding = padding;
    }

    /** Lets each writer pause between two batches. */
    AckedWrites pause(Duration pause) {
        pauseNanos = pause.toNanos();
        return this;
    }

    /** Takes ERROR for a write that may be there or not. */
    AckedWrites mayFail() {
        mayFail = true;
        return this;
    }

    /** Starts writers that write until their connection breaks. */
    void start(int count, long seed) {
        stopping = false;
        for (int i = 0; i < count; i++) {
            int writer = i;
            writers.add(Thread.ofVirtual().start(() -> write(writer, new Random(seed + writer))));
        }
    }

    /** Waits until all writers have lost their connection. */
    void join() throws InterruptedException {
        for (Thread writer : writers) {
            writer.join();
        }
        writers.clear();
    }

    /** Ends the writers behind the batches they have sent, and waits until all are acknowledged. */
    void stop() throws InterruptedException {
        stopping = true;
        join();
    }

    /** How many writes were acknowledged in all. */
    long acknowledged() {
        return acknowledged.get();
    }

    /** How many writes were answered by ERROR, where they may. */
    long failed() {
        return failed.get();
    }

    private void write(int writer, Random random) {
        try (LineClient client = node.client()) {
            while (!stopping) {
                LockSupport.parkNanos(pauseNanos);
                List<String> keys = new ArrayList<>();
                List<Long> numbers = new ArrayList<>();
                List<String> lines = new ArrayList<>();
                for (int i = 0; i < BATCH; i++) {
                    String key = "w" + writer + "-" + random.nextInt(keysEach);
                    Expected before = expected.getOrDefault(key, new Expected(0, 0));
                    long number = before.sent() + 1;
                    expected.put(key, new Expected(before.acknowledged(), number));
                    keys.add(key);
                    numbers.add(number);
                    lines.add("PUT " + key + " " + number + " " + "x".repeat(padding));
                }
                client.send((String.join("\n", lines) + "\n").getBytes());
                for (int i = 0; i < BATCH; i++) {
                    String reply = client.read();
                    if (reply == null) {
                        return;
                    }
                    if (mayFail && reply.equals("ERROR")) {
                        failed.incrementAndGet();
                        continue;
                    }
                    if (!reply.equals("OK")) {
                        throw new IllegalStateException("PUT was answered by " + reply);
                    }
                    long number = numbers.get(i);
                    expected.computeIfPresent(
                            keys.get(i), (_, now) -> new Expected(number, now.sent()));
                    acknowledged.incrementAndGet();
                }
            }
        } catch (UncheckedIOException e) {
            // The connection broke, which ends this writer.
        } catch (IllegalStateException e) {
            if (node.alive()) {
                surprises.add("writer %d: %s".formatted(writer, e.getMessage()));
            }
        }
    }

    /**
     * Asks for every key, and tells of replies that were not OK.
     *
     * @return what is lost or wrong, one line each; what it found counts as acknowledged from now
     *     on
     */
    List<String> check() {
        return check(node);
    }

    /** Asks another node for every key; see {@link #check()}. */
    List<String> check(NodeProcess other) {
        List<String> wrong = new ArrayList<>(surprises);
        List<String> keys = new ArrayList<>(expected.keySet());
        if (keys.isEmpty()) {
            return wrong;
        }
        try (LineClient client = other.client()) {
            List<String> values = client.pipeline(keys.stream().map(key -> "GET " + key).toList());
            for (int i = 0; i < keys.size(); i++) {
                String key = keys.get(i);
                Expected range = expected.get(key);
                long found = number(values.get(i));
                if (range == null || found < range.acknowledged() || found > range.sent()) {
                    wrong.add("%s: %s where %s is expected".formatted(key, found, range));
                } else {
                    expected.put(key, new Expected(found, range.sent()));
                }
            }
        }
        return wrong;
    }

    /** What a node says to GET of every key, in the order of the keys. */
    List<String> values(NodeProcess other) {
        try (LineClient client = other.client()) {
            return client.pipeline(
                    expected.keySet().stream().sorted().map(key -> "GET " + key).toList());
        }
    }

    private long number(@Nullable String value) {
        if (value == null || value.isEmpty()) {
            return 0;
        }
        int space = value.indexOf(' ');
        if (value.length() != space + 1 + padding) {
            return -1;
        }
        return Long.parseLong(value.substring(0, space));
    }
}
