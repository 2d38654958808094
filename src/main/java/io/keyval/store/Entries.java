package io.keyval.store;

import io.keyval.store.LargeEntries.Large;
import io.keyval.wal.Records;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Keys with their values, each found by a reference of 36 bits.
 *
 * <pre>
 * reference  1 bit large, 35 bits address in the slabs or number of the large entry
 *
 * entry      0  2  length of the key
 *            2  2  length of the value
 *            4     key, value
 * </pre>
 *
 * <p>An entry is written once and never changed; a change is another entry. One thread, the writer,
 * adds and removes. Any thread may read, with any reference, even one that is no longer in use: it
 * then gets nothing, or bytes that never belonged together, and has to find out afterwards.
 */
final class Entries implements AutoCloseable {

    static final int REFERENCE_BITS = Slabs.ADDRESS_BITS + 1;

    /** An entry of more bytes, its header included, is large. */
    static final int SMALL = SizeClasses.LARGEST;

    private static final int HEADER = 4;
    private static final long LARGE = 1L << Slabs.ADDRESS_BITS;

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final Slabs slabs;
    private final LargeEntries large = new LargeEntries();

    Entries(Slabs slabs) {
        this.slabs = slabs;
    }

    static boolean isLarge(int keyLength, int valueLength) {
        return HEADER + (long) keyLength + valueLength > SMALL;
    }

    /**
     * Takes in an entry. A large one keeps arrays that hold nothing but the key or the value. The
     * writer.
     *
     * @return the reference
     * @throws MemoryExhaustedException when there is no room; nothing has changed
     */
    long add(
            byte[] keyBytes,
            int key,
            int keyLength,
            byte[] valueBytes,
            int value,
            int valueLength) {
        if (isLarge(keyLength, valueLength)) {
            return LARGE
                    | large.add(
                            new Large(
                                    alone(keyBytes, key, keyLength),
                                    alone(valueBytes, value, valueLength)));
        }
        long address = slabs.take(SizeClasses.of(HEADER + keyLength + valueLength));
        MemorySegment chunk = slabs.chunkOf(address);
        assert chunk != null;
        long at = Slabs.offsetOf(address);
        chunk.set(ValueLayout.JAVA_INT, at, keyLength << 16 | valueLength);
        MemorySegment.copy(keyBytes, key, chunk, ValueLayout.JAVA_BYTE, at + HEADER, keyLength);
        MemorySegment.copy(
                valueBytes,
                value,
                chunk,
                ValueLayout.JAVA_BYTE,
                at + HEADER + keyLength,
                valueLength);
        return address;
    }

    private static byte[] alone(byte[] bytes, int from, int length) {
        return from == 0 && length == bytes.length
                ? bytes
                : Arrays.copyOfRange(bytes, from, from + length);
    }

    /** Frees what an entry takes. The writer, with a reference that is in use. */
    void remove(long reference) {
        if ((reference & LARGE) != 0) {
            large.remove((int) reference);
        } else {
            slabs.free(reference);
        }
    }

    /** Whether an entry has this key. */
    boolean hasKey(long reference, byte[] bytes, int from, int length) {
        if ((reference & LARGE) != 0) {
            Large entry = large.get(reference ^ LARGE);
            return entry != null
                    && Arrays.equals(
                            entry.key(), 0, entry.key().length, bytes, from, from + length);
        }
        MemorySegment chunk = slabs.chunkOf(reference);
        if (chunk == null) {
            return false;
        }
        long at = Slabs.offsetOf(reference);
        if (chunk.get(ValueLayout.JAVA_INT, at) >>> 16 != length
                || at + HEADER + length > chunk.byteSize()) {
            return false;
        }
        at += HEADER;
        int i = 0;
        for (; i <= length - 8; i += 8) {
            if (chunk.get(ValueLayout.JAVA_LONG_UNALIGNED, at + i)
                    != (long) LONG.get(bytes, from + i)) {
                return false;
            }
        }
        for (; i < length; i++) {
            if (chunk.get(ValueLayout.JAVA_BYTE, at + i) != bytes[from + i]) {
                return false;
            }
        }
        return true;
    }

    /** Something of the entry, for nothing but having it read. */
    int peek(long reference) {
        MemorySegment chunk = (reference & LARGE) != 0 ? null : slabs.chunkOf(reference);
        return chunk == null ? 0 : chunk.get(ValueLayout.JAVA_INT, Slabs.offsetOf(reference));
    }

    /** The value: a copy, or the array that was added, not to be changed. */
    byte @Nullable [] value(long reference) {
        if ((reference & LARGE) != 0) {
            Large entry = large.get(reference ^ LARGE);
            return entry == null ? null : entry.value();
        }
        MemorySegment chunk = slabs.chunkOf(reference);
        if (chunk == null) {
            return null;
        }
        long at = Slabs.offsetOf(reference);
        int lengths = chunk.get(ValueLayout.JAVA_INT, at);
        return bytes(chunk, at + HEADER + (lengths >>> 16), lengths & 0xffff);
    }

    /** The key: a copy, or the array that was added, not to be changed. */
    byte @Nullable [] key(long reference) {
        if ((reference & LARGE) != 0) {
            Large entry = large.get(reference ^ LARGE);
            return entry == null ? null : entry.key();
        }
        MemorySegment chunk = slabs.chunkOf(reference);
        if (chunk == null) {
            return null;
        }
        long at = Slabs.offsetOf(reference);
        return bytes(chunk, at + HEADER, chunk.get(ValueLayout.JAVA_INT, at) >>> 16);
    }

    private static byte @Nullable [] bytes(MemorySegment chunk, long from, int length) {
        if (from + length > chunk.byteSize()) {
            return null;
        }
        byte[] bytes = new byte[length];
        MemorySegment.copy(chunk, ValueLayout.JAVA_BYTE, from, bytes, 0, length);
        return bytes;
    }

    /** What an entry takes in a log. The writer, with a reference that is in use. */
    long encodedSize(long reference) {
        if ((reference & LARGE) != 0) {
            Large entry = large.get(reference ^ LARGE);
            assert entry != null;
            return Records.putSize(entry.key().length, entry.value().length);
        }
        MemorySegment chunk = slabs.chunkOf(reference);
        assert chunk != null;
        int lengths = chunk.get(ValueLayout.JAVA_INT, Slabs.offsetOf(reference));
        return Records.putSize(lengths >>> 16, lengths & 0xffff);
    }

    /** The memory that an entry of this size takes. */
    static long footprint(int keyLength, int valueLength) {
        return isLarge(keyLength, valueLength)
                ? Large.bytes(keyLength, valueLength)
                : SizeClasses.size(SizeClasses.of(HEADER + keyLength + valueLength));
    }

    /** Bytes of the heap that large entries take. Any thread. */
    long largeBytes() {
        return large.bytes();
    }

    /**
     * Whether an entry would fit into {@code most} bytes in all, and {@code mostHeap} on the heap,
     * beside {@code pending} bytes that are still to come. Any thread; true a moment ago.
     */
    boolean hasRoom(int keyLength, int valueLength, long pending, long most, long mostHeap) {
        long onHeap = large.bytes();
        long needed = pending + footprint(keyLength, valueLength);
        return isLarge(keyLength, valueLength)
                ? onHeap + needed <= Math.min(mostHeap, most - slabs.bytesInUse())
                : needed
                        <= slabs.room(
                                SizeClasses.of(HEADER + keyLength + valueLength), most - onHeap);
    }

    @Override
    public void close() {
        slabs.close();
    }
}
