package io.keyval.wal;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** One record of a test: a put, or with a null value a delete. Compared by content. */
record Entry(byte[] key, byte @Nullable [] value) {

    static Entry put(String key, String value) {
        return new Entry(key.getBytes(), value.getBytes());
    }

    static Entry delete(String key) {
        return new Entry(key.getBytes(), null);
    }

    /** Any record: keys repeat, sizes lie around the borders of varints. */
    static Entry random(Random random) {
        byte[] key = ("k" + random.nextInt(20)).getBytes();
        if (random.nextInt(8) == 0) {
            key = Arrays.copyOf(key, 126 + random.nextInt(4));
        }
        if (random.nextInt(5) == 0) {
            return new Entry(key, null);
        }
        int length = random.nextInt(6) == 0 ? 126 + random.nextInt(4) : 1 + random.nextInt(12);
        byte[] value = new byte[length];
        random.nextBytes(value);
        return new Entry(key, value);
    }

    int encodedSize() {
        return value == null ? Records.deleteSize(key) : Records.putSize(key, value);
    }

    void encode(ByteBuffer target) {
        if (value == null) {
            Records.delete(target, key);
        } else {
            Records.put(target, key, value);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Entry entry
                && Arrays.equals(key, entry.key)
                && Arrays.equals(value, entry.value);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(key) + Arrays.hashCode(value);
    }

    @Override
    public String toString() {
        return new String(key).trim()
                + "="
                + (value == null ? "-" : HexFormat.of().formatHex(value));
    }
}
