package io.keyval.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.wal.Records;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A keyspace beside a map that does the same. */
class KeyspaceModelTests {

    private final Map<ByteBuffer, byte[]> model = new HashMap<>();

    static Stream<Arguments> hashes() {
        KeyHash good = new SipHash(1, 2);
        KeyHash oneBeginning = (bytes, at, length) -> good.of(bytes, at, length) >>> 18;
        KeyHash oneEnd = (bytes, at, length) -> good.of(bytes, at, length) & -1L << 13;
        return Stream.of(
                Arguments.of("a good hash", good),
                Arguments.of("one that always begins alike", oneBeginning),
                Arguments.of("one that always ends alike", oneEnd));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hashes")
    void whenKeysComeChangeAndGoThenItHoldsWhatAMapWouldHold(String name, KeyHash hash) {
        boolean slow = name.endsWith("ends alike");
        try (Keyspace keyspace = new Keyspace(hash)) {
            Random random = new Random(5);
            int keys = slow ? 2_000 : 60_000;
            for (int i = 0; i < (slow ? 10_000 : 300_000); i++) {
                byte[] key = key(random.nextInt(keys));
                if (random.nextInt(3) == 0) {
                    boolean there = model.remove(ByteBuffer.wrap(key)) != null;
                    assertThat(keyspace.remove(key)).isEqualTo(there);
                } else {
                    byte[] value = new byte[size(random)];
                    random.nextBytes(value);
                    put(keyspace, key, value, random.nextBoolean());
                }
            }
            assertSame(keyspace);
            for (ByteBuffer key : List.copyOf(model.keySet())) {
                assertThat(keyspace.remove(key.array())).isTrue();
                model.remove(key);
            }
            assertSame(keyspace);
        }
    }

    @Test
    void whenAnEntryHasAnySizeThenItComesBackWhole() {
        try (Keyspace keyspace = new Keyspace()) {
            for (int keyLength : new int[] {0, 1, 7, 8, 9, 31, 4091, 4092, 4093, 70_000}) {
                for (int valueLength = 0; valueLength < 5000; valueLength += 1 + valueLength / 40) {
                    byte[] key = new byte[keyLength];
                    byte[] value = new byte[valueLength];
                    Arrays.fill(key, (byte) valueLength);
                    Arrays.fill(value, (byte) keyLength);
                    put(keyspace, key, value, true);
                    assertThat(keyspace.get(key)).isEqualTo(value);
                }
            }
            put(keyspace, new byte[] {1}, new byte[20 << 20], false);
            assertSame(keyspace);
        }
    }

    @Test
    void whenKeysComeAndGoForLongThenMemoryStaysWhatItWas() {
        try (Keyspace keyspace = new Keyspace()) {
            for (int i = 0; i < 40_000; i++) {
                keyspace.put(key(i), new byte[100]);
            }
            long before = keyspace.memory();
            for (int i = 40_000; i < 1_000_000; i++) {
                keyspace.remove(key(i - 40_000));
                keyspace.put(key(i), new byte[100]);
            }
            assertThat(keyspace.size()).isEqualTo(40_000);
            assertThat(keyspace.memory()).isLessThanOrEqualTo(before + (3 << 20));
        }
    }

    @Test
    void whenSmallEntriesAreRemovedThenOthersOfAnySizeGetTheirMemory() {
        try (Keyspace keyspace = new Keyspace()) {
            for (int i = 0; i < 20_000; i++) {
                keyspace.put(key(i), new byte[300]);
            }
            long before = keyspace.memory();
            for (int size : new int[] {1500, 40, 3000}) {
                for (int i = 0; i < 20_000; i++) {
                    keyspace.remove(key(i));
                }
                for (int i = 0; i < 20_000 * 300 / Math.max(300, size); i++) {
                    keyspace.put(key(i), new byte[size]);
                }
                assertThat(keyspace.memory()).isLessThanOrEqualTo(before + (1 << 20));
            }
        }
    }

    @Test
    void whenLargeEntriesAreRemovedThenTheirMemoryCountsNoMore() {
        try (Keyspace keyspace = new Keyspace()) {
            long before = keyspace.memory();
            for (int i = 0; i < 2000; i++) {
                keyspace.put(key(i), new byte[10_000]);
            }
            assertThat(keyspace.heapMemory()).isBetween(20_000_000L, 21_000_000L);
            for (int i = 0; i < 2000; i++) {
                keyspace.put(key(i), new byte[1]);
            }
            assertThat(keyspace.heapMemory()).isZero();
            assertThat(keyspace.memory()).isLessThanOrEqualTo(before + (1 << 20));
        }
    }

    @Test
    void whenEntriesAreManyThenEachCostsFewBytesBesideItsKeyAndValue() {
        try (Keyspace keyspace = new Keyspace()) {
            int count = 400_000;
            for (int i = 0; i < count; i++) {
                keyspace.put("k%015d".formatted(i).getBytes(), new byte[84]);
            }
            assertThat(keyspace.memory() / (double) count - 100).isLessThan(30);
        }
    }

    private void put(Keyspace keyspace, byte[] key, byte[] value, boolean fromALog) {
        model.put(ByteBuffer.wrap(key), value);
        if (fromALog) {
            byte[] record = new byte[3 + key.length + value.length];
            System.arraycopy(key, 0, record, 3, key.length);
            System.arraycopy(value, 0, record, 3 + key.length, value.length);
            keyspace.put(record, 3, key.length, 3 + key.length, value.length);
            Arrays.fill(record, (byte) -1);
        } else {
            keyspace.put(key, value);
        }
    }

    private void assertSame(Keyspace keyspace) {
        long encoded = 0;
        for (Map.Entry<ByteBuffer, byte[]> entry : model.entrySet()) {
            byte[] key = entry.getKey().array();
            encoded += Records.putSize(key, entry.getValue());
            assertThat(Arrays.equals(keyspace.get(key), entry.getValue())).isTrue();
        }
        assertThat(keyspace.size()).isEqualTo(model.size());
        assertThat(keyspace.encodedSize()).isEqualTo(encoded);
        List<ByteBuffer> walked = new ArrayList<>();
        keyspace.forEach(
                (key, value) -> {
                    walked.add(ByteBuffer.wrap(key));
                    assertThat(Arrays.equals(model.get(ByteBuffer.wrap(key)), value)).isTrue();
                });
        assertThat(walked).hasSameSizeAs(model.keySet());
        assertThat(model.keySet()).isEqualTo(new java.util.HashSet<>(walked));
        try (Keyspace other = new Keyspace()) {
            model.forEach((key, value) -> other.put(key.array(), value));
            assertThat(other.digest()).isEqualTo(keyspace.digest());
        }
    }

    private static byte[] key(int number) {
        return (number + "/" + "k".repeat(number % 40)).getBytes();
    }

    /** Mostly small, of every size class, now and then large. */
    private static int size(Random random) {
        return random.nextInt(50) == 0
                ? random.nextInt(9000)
                : random.nextInt(1 << 1 + random.nextInt(9));
    }
}
