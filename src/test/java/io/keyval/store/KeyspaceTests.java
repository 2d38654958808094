package io.keyval.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.wal.Records;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KeyspaceTests {

    private final Keyspace keyspace = new Keyspace();

    @Test
    void whenAKeyIsPutThenItIsFoundByItsContent() {
        keyspace.put(bytes("key"), bytes("one"));
        assertThat(keyspace.get(bytes("key"))).isEqualTo(bytes("one"));
        keyspace.put(bytes("key"), bytes("two"));
        assertThat(keyspace.get(bytes("key"))).isEqualTo(bytes("two"));
        assertThat(keyspace.get(bytes("Key"))).isNull();
        assertThat(keyspace.get(bytes("key "))).isNull();
        assertThat(keyspace.size()).isEqualTo(1);
    }

    @Test
    void whenKeysShareAHashThenTheyAreStillTwo() {
        keyspace.put(bytes("Aa"), bytes("1"));
        keyspace.put(bytes("BB"), bytes("2"));
        assertThat(keyspace.get(bytes("Aa"))).isEqualTo(bytes("1"));
        assertThat(keyspace.remove(bytes("BB"))).isTrue();
        assertThat(keyspace.get(bytes("Aa"))).isEqualTo(bytes("1"));
        assertThat(keyspace.size()).isEqualTo(1);
    }

    @Test
    void whenAKeyIsRemovedThenItIsToldWhetherItWasThere() {
        keyspace.put(bytes("key"), bytes("one"));
        assertThat(keyspace.remove(bytes("key"))).isTrue();
        assertThat(keyspace.remove(bytes("key"))).isFalse();
        keyspace.delete(bytes("key"));
        assertThat(keyspace.get(bytes("key"))).isNull();
        assertThat(keyspace.encodedSize()).isZero();
    }

    @Test
    void whenKeysComeAndGoThenTheEncodedSizeIsThatOfTheEntries() {
        Random random = new Random(1);
        Map<String, byte[]> model = new HashMap<>();
        for (int i = 0; i < 5000; i++) {
            String key = "k".repeat(1 + random.nextInt(200)) + random.nextInt(3);
            if (random.nextInt(3) == 0) {
                assertThat(keyspace.remove(bytes(key))).isEqualTo(model.remove(key) != null);
            } else {
                byte[] value = new byte[1 + random.nextInt(300)];
                keyspace.put(bytes(key), value);
                model.put(key, value);
            }
        }
        long size = 0;
        for (Map.Entry<String, byte[]> entry : model.entrySet()) {
            size += Records.putSize(bytes(entry.getKey()), entry.getValue());
        }
        assertThat(keyspace.encodedSize()).isEqualTo(size);
        assertThat(keyspace.size()).isEqualTo(model.size());
        Map<String, byte[]> walked = new HashMap<>();
        keyspace.forEach(
                (key, value) -> walked.put(new String(key, StandardCharsets.US_ASCII), value));
        assertThat(walked).usingRecursiveComparison().isEqualTo(model);
    }

    @Test
    void whenKeyspacesHoldTheSameThenTheirDigestsAreEqualWhateverTheOrder() {
        List<String> keys = new ArrayList<>(List.of("a", "b", "c", "Aa", "BB"));
        Keyspace other = new Keyspace();
        keys.forEach(key -> keyspace.put(bytes(key), bytes("v" + key)));
        keys.reversed().forEach(key -> other.put(bytes(key), bytes("v" + key)));
        assertThat(other.digest()).isEqualTo(keyspace.digest());
        other.put(bytes("more"), bytes("1"));
        assertThat(other.digest()).isNotEqualTo(keyspace.digest());
        other.delete(bytes("more"));
        assertThat(other.digest()).isEqualTo(keyspace.digest());
    }

    @Test
    void whenKeyspacesDifferInOneEntryThenTheirDigestsDiffer() {
        List<Map<String, String>> states =
                List.of(
                        Map.of(),
                        Map.of("Aa", "1"),
                        Map.of("BB", "1"),
                        Map.of("Aa", "2"),
                        Map.of("Aa", "1", "BB", "2"),
                        Map.of("Aa", "2", "BB", "1"),
                        Map.of("A", "a1"),
                        Map.of("Aa1", "x"));
        List<Long> digests = new ArrayList<>();
        for (Map<String, String> state : states) {
            Keyspace one = new Keyspace();
            state.forEach((key, value) -> one.put(bytes(key), bytes(value)));
            digests.add(one.digest());
        }
        assertThat(digests).doesNotHaveDuplicates();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
