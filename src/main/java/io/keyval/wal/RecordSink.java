package io.keyval.wal;

import java.util.Arrays;

/** Takes records in log order. */
public interface RecordSink {

    /** {@code key} is {@code value} from here on. The arrays are handed over. */
    void put(byte[] key, byte[] value);

    /**
     * The same of a key and a value that stand in {@code bytes}, which stays the caller's: what is
     * to be kept is copied.
     */
    default void put(byte[] bytes, int key, int keyLength, int value, int valueLength) {
        put(
                Arrays.copyOfRange(bytes, key, key + keyLength),
                Arrays.copyOfRange(bytes, value, value + valueLength));
    }

    /** The same of each of {@code puts}, in order. */
    default void put(Puts puts) {
        for (int i = 0; i < puts.count(); i++) {
            put(puts.bytes(), puts.key(i), puts.keyLength(i), puts.value(i), puts.valueLength(i));
        }
    }

    /** {@code key} is absent from here on. The array is handed over. */
    void delete(byte[] key);
}
