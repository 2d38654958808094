package io.keyval.wal;

/** Takes records in log order. */
public interface RecordSink {

    /** {@code key} is {@code value} from here on. The arrays are handed over. */
    void put(byte[] key, byte[] value);

    /** {@code key} is absent from here on. The array is handed over. */
    void delete(byte[] key);
}
