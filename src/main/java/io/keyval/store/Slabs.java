package io.keyval.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Off-heap memory in pieces of up to 4 KB, and in whole pages.
 *
 * <pre>
 * chunk    1 MB from the system; 16 pages
 * page     64 KB: empty, or cut into slots of one size class, or given out whole
 * slot     a piece of memory, of its class's size
 * address  in units of 8 bytes: 18 bits chunk, 4 bits page, 13 bits within the page
 * </pre>
 *
 * <p>A page whose last slot is freed is empty again and may be cut for another class; so memory
 * moves between classes by whole pages. A page with a single slot in use stays with its class:
 * after all values have changed their size, the old class keeps what its last entries pin. Chunks
 * go back to the system only when all of them do, in {@link #close}; until then, what is freed is
 * used again.
 *
 * <p>One thread, the writer, takes and frees. What {@link #chunkOf} returns may be read by any
 * thread, but freed memory is taken again at once: a reader has to find out afterwards whether what
 * it read was still there.
 */
final class Slabs implements AutoCloseable {

    static final int UNIT_BITS = 3;

    /** Addresses are below {@code 1 << ADDRESS_BITS}: 256 GB. */
    static final int ADDRESS_BITS = 35;

    private static final int CHUNK_BITS = 20;
    private static final int CHUNK = 1 << CHUNK_BITS;
    private static final int CACHE_LINE = 64;
    private static final int MOST_CHUNKS = 1 << ADDRESS_BITS + UNIT_BITS - CHUNK_BITS;

    private final Arena arena = Arena.ofShared();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong emptyBytes = new AtomicLong();

    /** By size class, the first of its pages with room. */
    private final @Nullable Page[] roomy = new @Nullable Page[SizeClasses.count()];

    /** By size class, the slots that are free on its pages. */
    private final AtomicIntegerArray freeSlots = new AtomicIntegerArray(SizeClasses.count());

    private @Nullable MemorySegment[] chunks = new @Nullable MemorySegment[16];
    private int chunkCount;
    private @Nullable Page[] pages = new @Nullable Page[256];
    private @Nullable Page empty;

    /**
     * Memory of a size class; its content is whatever it was. The writer.
     *
     * @return its address
     * @throws MemoryExhaustedException when the system gives no more; nothing has changed
     */
    long take(int sizeClass) {
        Page page = roomy[sizeClass];
        if (page == null) {
            page = takeEmpty();
            page.cut(SizeClasses.size(sizeClass));
            link(sizeClass, page);
            addFree(sizeClass, page.slots());
        }
        long address = page.take();
        addFree(sizeClass, -1);
        if (page.isFull()) {
            unlink(sizeClass, page);
        }
        return address;
    }

    /** Frees what {@link #take} gave. The writer. */
    void free(long address) {
        Page page = pageOf(address);
        int sizeClass = SizeClasses.of(page.slotSize());
        if (page.isFull()) {
            link(sizeClass, page);
        }
        page.giveBack(address);
        addFree(sizeClass, 1);
        if (page.isEmpty()) {
            unlink(sizeClass, page);
            addFree(sizeClass, -page.slots());
            addEmpty(page);
        }
    }

    /**
     * A whole page; its content is whatever it was. The writer.
     *
     * @return its address
     * @throws MemoryExhaustedException when the system gives no more; nothing has changed
     */
    long takePage() {
        return takeEmpty().address;
    }

    /** Frees what {@link #takePage} gave. The writer. */
    void freePage(long address) {
        addEmpty(pageOf(address));
    }

    /**
     * The chunk that holds an address, or null when no address leads there. Any thread, with any
     * number.
     */
    @Nullable MemorySegment chunkOf(long address) {
        @Nullable MemorySegment[] known = chunks;
        long index = address >>> CHUNK_BITS - UNIT_BITS;
        return index < known.length ? known[(int) index] : null;
    }

    /** Where in its chunk an address is, in bytes. */
    static long offsetOf(long address) {
        return (address << UNIT_BITS) & CHUNK - 1;
    }

    /** Bytes taken from the system, without pages that are empty. Any thread. */
    long bytesInUse() {
        return bytes.get() - emptyBytes.get();
    }

    /** Bytes taken from the system. Any thread. */
    long bytes() {
        return bytes.get();
    }

    /**
     * How many bytes of the size class can be had without taking more than {@code limit} from the
     * system in all. Any thread; true a moment ago.
     */
    long room(int sizeClass, long limit) {
        long slots = (long) freeSlots.get(sizeClass) * SizeClasses.size(sizeClass);
        long more = Math.max(0, limit - bytes.get()) & -CHUNK;
        return slots + emptyBytes.get() + more;
    }

    /** Gives everything back to the system. Nobody may read or write any more. */
    @Override
    public void close() {
        arena.close();
    }

    private void addFree(int sizeClass, int slots) {
        freeSlots.lazySet(sizeClass, freeSlots.getPlain(sizeClass) + slots);
    }

    private Page pageOf(long address) {
        Page page = pages[(int) (address >>> 13)];
        assert page != null;
        return page;
    }

    private Page takeEmpty() {
        if (empty == null) {
            addChunk();
        }
        Page page = empty;
        assert page != null;
        empty = page.next;
        page.next = null;
        emptyBytes.lazySet(emptyBytes.getPlain() - Page.SIZE);
        return page;
    }

    private void addEmpty(Page page) {
        page.next = empty;
        empty = page;
        emptyBytes.lazySet(emptyBytes.getPlain() + Page.SIZE);
    }

    private void addChunk() {
        if (chunkCount == MOST_CHUNKS) {
            throw new MemoryExhaustedException("a node holds at most 256 GB of small entries");
        }
        if (chunkCount == chunks.length) {
            chunks = Arrays.copyOf(chunks, 2 * chunkCount);
            pages = Arrays.copyOf(pages, 2 * pages.length);
        }
        MemorySegment chunk;
        try {
            chunk = arena.allocate(CHUNK, CACHE_LINE);
        } catch (OutOfMemoryError e) {
            throw new MemoryExhaustedException("the system gives no more memory");
        }
        int perChunk = CHUNK / Page.SIZE;
        for (int i = perChunk - 1; i >= 0; i--) {
            int index = chunkCount * perChunk + i;
            Page page = new Page(chunk, i * Page.SIZE, (long) index * Page.SIZE >>> UNIT_BITS);
            pages[index] = page;
            addEmpty(page);
        }
        chunks[chunkCount++] = chunk;
        bytes.lazySet(bytes.getPlain() + CHUNK);
    }

    private void link(int sizeClass, Page page) {
        Page first = roomy[sizeClass];
        page.previous = null;
        page.next = first;
        if (first != null) {
            first.previous = page;
        }
        roomy[sizeClass] = page;
    }

    private void unlink(int sizeClass, Page page) {
        Page before = page.previous;
        Page after = page.next;
        if (before == null) {
            roomy[sizeClass] = after;
        } else {
            before.next = after;
        }
        if (after != null) {
            after.previous = before;
        }
        page.previous = null;
        page.next = null;
    }
}
