package io.keyval.store;

import io.keyval.wal.LiveRecords;
import io.keyval.wal.RecordSink;
import io.keyval.wal.Records;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The data in memory: what the log says, replayed.
 *
 * <p>One thread changes it, any thread reads it. Arrays are handed over and never copied.
 */
final class Keyspace implements RecordSink, LiveRecords {

    /** A key with its hash, compared by content. */
    private static final class Key {

        final byte[] bytes;
        final int hash;

        Key(byte[] bytes) {
            this.bytes = bytes;
            this.hash = Arrays.hashCode(bytes);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key key && hash == key.hash && Arrays.equals(bytes, key.bytes);
        }
    }

    private final ConcurrentHashMap<Key, byte[]> entries = new ConcurrentHashMap<>();
    private volatile long encodedSize;

    byte @Nullable [] get(byte[] key) {
        return entries.get(new Key(key));
    }

    @Override
    public void put(byte[] key, byte[] value) {
        byte[] before = entries.put(new Key(key), value);
        long grown = Records.putSize(key, value);
        grow(before == null ? grown : grown - Records.putSize(key, before));
    }

    @Override
    public void delete(byte[] key) {
        remove(key);
    }

    /** Removes a key; false when it was absent. */
    boolean remove(byte[] key) {
        byte[] before = entries.remove(new Key(key));
        if (before == null) {
            return false;
        }
        grow(-Records.putSize(key, before));
        return true;
    }

    private void grow(long bytes) {
        encodedSize = encodedSize + bytes;
    }

    long size() {
        return entries.mappingCount();
    }

    @Override
    public void forEach(BiConsumer<byte[], byte[]> entry) {
        entries.forEach((key, value) -> entry.accept(key.bytes, value));
    }

    @Override
    public long encodedSize() {
        return encodedSize;
    }

    /**
     * A number over all entries that does not depend on their order: nodes that hold the same data
     * have the same digest. Reads everything; changes made meanwhile may or may not count.
     */
    long digest() {
        long[] sum = new long[1];
        entries.forEach((key, value) -> sum[0] += mix(key, value));
        return sum[0];
    }

    private static long mix(Key key, byte[] value) {
        CRC32C crc = new CRC32C();
        crc.update(value);
        crc.update(key.bytes);
        long z = (((long) key.hash << 32) | crc.getValue()) + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
