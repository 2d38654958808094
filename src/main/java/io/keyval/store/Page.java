package io.keyval.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * 64 KB of off-heap memory, cut into slots of one size while it is in use. The writer's own.
 *
 * <p>A slot that was freed holds, in its first 4 bytes, the offset of the next free one.
 */
final class Page {

    static final int SIZE = 1 << 16;

    private static final int NONE = -1;

    private final MemorySegment chunk;
    private final int start;

    /** The address of its first byte. */
    final long address;

    private int slotSize;
    private int used;
    private int fresh;
    private int free;

    /** Neighbours among the pages of its size that have room, or among the empty ones. */
    @Nullable Page previous;

    @Nullable Page next;

    /**
     * The page at offset {@code start} of {@code chunk}.
     *
     * @param address of its first byte, in units
     */
    Page(MemorySegment chunk, int start, long address) {
        this.chunk = chunk;
        this.start = start;
        this.address = address;
    }

    /** Makes an empty page one of slots of this size. */
    void cut(int size) {
        slotSize = size;
        used = 0;
        fresh = 0;
        free = NONE;
    }

    int slotSize() {
        return slotSize;
    }

    /** How many slots it is cut into. */
    int slots() {
        return SIZE / slotSize;
    }

    boolean isEmpty() {
        return used == 0;
    }

    boolean isFull() {
        return free == NONE && fresh + slotSize > SIZE;
    }

    /** The address of a slot, of a page that is not full. */
    long take() {
        int offset = free;
        if (offset == NONE) {
            offset = fresh;
            fresh += slotSize;
        } else {
            free = chunk.get(ValueLayout.JAVA_INT, start + offset);
        }
        used++;
        return address + (offset >>> Slabs.UNIT_BITS);
    }

    void giveBack(long slot) {
        int offset = (int) (slot - address) << Slabs.UNIT_BITS;
        chunk.set(ValueLayout.JAVA_INT, start + offset, free);
        free = offset;
        used--;
    }
}
