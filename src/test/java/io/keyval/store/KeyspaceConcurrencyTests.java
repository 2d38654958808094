package io.keyval.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/**
 * One thread writes, others read. Each value tells its key and its version in every place, so that
 * one that was put together from two shows.
 */
class KeyspaceConcurrencyTests {

    private static final int OPERATIONS = 1_500_000;
    private static final int REPLACEMENTS = Integer.getInteger("keyval.replacements", 3000);

    private final Keyspace keyspace = new Keyspace();
    private final AtomicBoolean done = new AtomicBoolean();

    @Test
    void whenKeysAreRewrittenThenReadersSeeWholeValuesOfTheirKeysThatNeverGrowOlder()
            throws Exception {
        run(
                () -> {
                    Random random = new Random(1);
                    for (int i = 1; i <= OPERATIONS; i++) {
                        int key = random.nextInt(50);
                        keyspace.put(key(key), value(key, i, random));
                    }
                    return 0L;
                },
                this::readFew,
                this::readFew);
    }

    @Test
    void whenKeysComeAndGoThenReadersSeeWholeValuesOrNothing() throws Exception {
        run(
                () -> {
                    Random random = new Random(2);
                    for (int i = 1; i <= OPERATIONS; i++) {
                        // Ever more keys, so that shards are split all the time.
                        int key = random.nextInt(50 + i / 10);
                        if (random.nextInt(4) == 0) {
                            keyspace.remove(key(key));
                        } else {
                            keyspace.put(key(key), value(key, i, random));
                        }
                    }
                    return 0L;
                },
                () -> readMany(OPERATIONS / 10),
                () -> readMany(1000));
    }

    @Test
    void whenAWalkGoesOnWhileKeysComeAndGoThenItMeetsAllThatIsLeftAloneAndOnce() throws Exception {
        int left = 20_000;
        for (int i = 0; i < left; i++) {
            keyspace.put(key(-1 - i), value(-1 - i, 1, new Random(i)));
        }
        run(
                () -> {
                    Random random = new Random(3);
                    for (int i = 1; i <= OPERATIONS; i++) {
                        int key = random.nextInt(100 + i / 10);
                        if (random.nextInt(4) == 0) {
                            keyspace.remove(key(key));
                        } else {
                            keyspace.put(key(key), value(key, i, random));
                        }
                    }
                    return 0L;
                },
                () -> {
                    long walks = 0;
                    while (!done.get()) {
                        Map<Integer, Integer> seen = new HashMap<>();
                        keyspace.forEach(
                                (key, value) -> {
                                    int number = Integer.parseInt(new String(key));
                                    check(number, value);
                                    if (number < 0) {
                                        seen.merge(number, 1, Integer::sum);
                                    }
                                });
                        assertThat(seen).hasSize(left);
                        assertThat(seen.values()).containsOnly(1);
                        walks++;
                    }
                    return walks;
                });
    }

    @RepeatedTest(20)
    void whenItIsClosedThenReadersGetAnExceptionAndNothingElse() throws Exception {
        keyspace.put(key(1), value(1, 1, new Random(1)));
        Callable<Long> reader =
                () -> {
                    long reads = 0;
                    try {
                        while (true) {
                            check(1, keyspace.get(key(1)));
                            reads++;
                            done.set(true);
                        }
                    } catch (IllegalStateException e) {
                        return reads;
                    }
                };
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            Future<Long> reading = threads.submit(reader);
            await().untilTrue(done);
            keyspace.close();
            keyspace.close();
            assertThat(reading.get()).isPositive();
        }
    }

    @Test
    void whenDataAreReplacedAgainAndAgainThenReadersSeeWholeValuesOfTheirKeys() throws Exception {
        AtomicReference<Keyspace> served = new AtomicReference<>(keyspace);
        int keys = 20;
        fill(keyspace, keys, 1);
        Callable<Long> reader =
                () -> {
                    long reads = 0;
                    Random random = new Random();
                    while (!done.get()) {
                        Keyspace now = served.get();
                        int key = random.nextInt(keys);
                        try {
                            check(key, now.get(key(key)));
                            reads++;
                        } catch (IllegalStateException e) {
                            assertThat(now).isNotSameAs(served.get());
                        }
                    }
                    return reads;
                };
        run(
                () -> {
                    for (int i = 2; i <= REPLACEMENTS; i++) {
                        Keyspace next = new Keyspace();
                        fill(next, keys, i);
                        served.getAndSet(next).close();
                    }
                    return 0L;
                },
                reader,
                reader);
        served.get().close();
    }

    private static void fill(Keyspace keyspace, int keys, int version) {
        Random random = new Random(version);
        for (int key = 0; key < keys; key++) {
            keyspace.put(key(key), value(key, version, random));
        }
    }

    private long readFew() {
        long reads = 0;
        int[] newest = new int[50];
        Random random = new Random();
        while (!done.get()) {
            int key = random.nextInt(50);
            byte[] value = keyspace.get(key(key));
            if (value != null) {
                int version = check(key, value);
                assertThat(version).isGreaterThanOrEqualTo(newest[key]);
                newest[key] = version;
                reads++;
            }
        }
        return reads;
    }

    private long readMany(int keys) {
        long reads = 0;
        Random random = new Random();
        while (!done.get()) {
            int key = random.nextInt(keys);
            byte[] value = keyspace.get(key(key));
            if (value != null) {
                check(key, value);
                reads++;
            }
        }
        return reads;
    }

    @SafeVarargs
    private void run(Callable<Long> writer, Callable<Long>... readers) throws Exception {
        try (keyspace;
                ExecutorService threads = Executors.newCachedThreadPool()) {
            List<Future<Long>> reading = new ArrayList<>();
            for (Callable<Long> reader : readers) {
                reading.add(threads.submit(reader));
            }
            try {
                threads.submit(writer).get();
            } finally {
                done.set(true);
            }
            for (Future<Long> reader : reading) {
                assertThat(reader.get()).isPositive();
            }
        }
    }

    private static byte[] key(int number) {
        return Integer.toString(number).getBytes();
    }

    /** Key and version over and over, of changing length, seldom too long for a slab. */
    private static byte[] value(int key, int version, Random random) {
        int length = random.nextInt(200) == 0 ? 6000 : 8 * (1 + random.nextInt(60));
        byte[] value = new byte[length];
        ByteBuffer bytes = ByteBuffer.wrap(value);
        while (bytes.hasRemaining()) {
            bytes.putInt(key).putInt(version);
        }
        return value;
    }

    /** The version of a value, of which every part must say the same. */
    private static int check(int key, byte[] value) {
        ByteBuffer bytes = ByteBuffer.wrap(value);
        int version = bytes.getInt(4);
        while (bytes.hasRemaining()) {
            if (bytes.getInt() != key || bytes.getInt() != version) {
                throw new AssertionError(
                        "%d at version %d: %s".formatted(key, version, Arrays.toString(value)));
            }
        }
        return version;
    }
}
