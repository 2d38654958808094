package io.keyval.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.SecureRandom;

/**
 * SipHash-1-3 under a key of 128 bits: fast on short input, and its collisions cannot be found
 * without the key.
 */
final class SipHash implements KeyHash {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final long key0;
    private final long key1;

    SipHash(long key0, long key1) {
        this.key0 = key0;
        this.key1 = key1;
    }

    /** Under a key that nobody knows. */
    static SipHash random() {
        SecureRandom random = new SecureRandom();
        return new SipHash(random.nextLong(), random.nextLong());
    }

    @Override
    public long of(byte[] bytes, int from, int length) {
        long v0 = key0 ^ 0x736f6d6570736575L;
        long v1 = key1 ^ 0x646f72616e646f6dL;
        long v2 = key0 ^ 0x6c7967656e657261L;
        long v3 = key1 ^ 0x7465646279746573L;
        int at = from;
        int end = from + (length & ~7);
        // One round for each 8 bytes, the last of which hold the length, then three more.
        for (int left = (length >>> 3) + 4; left > 0; left--) {
            long block = 0;
            if (at < end) {
                block = (long) LONG.get(bytes, at);
                at += 8;
            } else if (left == 4) {
                block = last(bytes, end, length);
            } else if (left == 3) {
                v2 ^= 0xff;
            }
            v3 ^= block;
            v0 += v1;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v3;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v2 = Long.rotateLeft(v2, 32);
            v0 ^= block;
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static long last(byte[] bytes, int from, int length) {
        long block = (long) length << 56;
        for (int i = (length & 7) - 1; i >= 0; i--) {
            block |= (bytes[from + i] & 0xffL) << 8 * i;
        }
        return block;
    }
}
