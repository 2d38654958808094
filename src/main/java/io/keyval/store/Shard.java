package io.keyval.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The part of the hash table for all hashes that begin with the same bits: 8192 words of off-heap
 * memory, with open addressing.
 *
 * <pre>
 * word   0 free, 1 deleted, or
 *        15 bits  the first of the hash
 *        13 bits  the last of the hash: where the search begins
 *        36 bits  reference of the entry
 * </pre>
 *
 * <p>A word stays in its place until its entry is replaced or removed. When a shard is full, other
 * shards take over what it holds, and it is dead: it never changes again, and its memory is taken
 * for something else.
 *
 * <p>One thread, the writer, changes it. A reader asks for the version, reads what it wants, words
 * as well as the entries they refer to, and asks whether it is {@link #unchanged}; if not, what it
 * read means nothing. Whatever it reads, it stays within bounds. The version is odd while the
 * writer is at it, and when the shard is dead. Memory of a word that was replaced is freed, and so
 * perhaps overwritten, only after the version has changed.
 */
final class Shard {

    static final int WORDS = Page.SIZE / 8;

    /** So many words at most are not free, so that a search ends soon. */
    static final int MOST = WORDS / 5 * 4;

    static final int HASH_BITS = 15;

    private static final int PLACE_BITS = 13;
    private static final long REFERENCE = (1L << Entries.REFERENCE_BITS) - 1;
    private static final long FREE = 0;
    private static final long DELETED = 1;

    private static final VarHandle VERSION;

    static {
        try {
            VERSION = MethodHandles.lookup().findVarHandle(Shard.class, "version", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** How many first bits all its hashes share. */
    final int depth;

    /** Those bits, in place; the others are 0. */
    final long prefix;

    /** Where its words are. */
    final long address;

    private final MemorySegment chunk;
    private final long start;

    @SuppressWarnings("unused") // read and written through VERSION
    private long version;

    private int live;
    private int taken;

    private @Nullable Shard low;
    private @Nullable Shard high;

    /** An empty shard on a page of its own. */
    Shard(int depth, long prefix, long address, MemorySegment chunk) {
        this.depth = depth;
        this.prefix = prefix;
        this.address = address;
        this.chunk = chunk;
        this.start = Slabs.offsetOf(address);
        chunk.asSlice(start, Page.SIZE).fill((byte) 0);
    }

    /** The word of an entry. */
    static long word(long hash, long reference) {
        return tag(hash) | reference;
    }

    static long reference(long word) {
        return word & REFERENCE;
    }

    /** Whether a word is that of an entry. */
    static boolean isEntry(long word) {
        return (word & ~DELETED) != FREE;
    }

    private static long tag(long hash) {
        long first = hash & -1L << Long.SIZE - HASH_BITS;
        return first | (hash & WORDS - 1) << Entries.REFERENCE_BITS;
    }

    private static int place(long word) {
        return (int) (word >>> Entries.REFERENCE_BITS) & WORDS - 1;
    }

    /** The word at an index. Any thread. */
    long at(int index) {
        return chunk.get(ValueLayout.JAVA_LONG, start + 8L * index);
    }

    /** The word at which the search for a hash begins. Any thread. */
    long first(long hash) {
        return at((int) hash & WORDS - 1);
    }

    /** What to show to {@link #unchanged}. Any thread. */
    long version() {
        return (long) VERSION.getAcquire(this);
    }

    /** Whether nothing has changed since {@link #version} returned this. Any thread. */
    boolean unchanged(long seen) {
        VarHandle.acquireFence();
        return (seen & 1) == 0 && (long) VERSION.getOpaque(this) == seen;
    }

    /** The index of the word of a key, or -1. Any thread. */
    int find(Entries entries, long hash, byte[] key, int from, int length) {
        long tag = tag(hash);
        int index = (int) hash & WORDS - 1;
        for (int i = 0; i < WORDS; i++) {
            long word = at(index);
            if (word == FREE) {
                return -1;
            }
            if ((word & ~REFERENCE) == tag
                    && word != DELETED
                    && entries.hasKey(word & REFERENCE, key, from, length)) {
                return index;
            }
            index = index + 1 & WORDS - 1;
        }
        return -1;
    }

    /** The index of this very word, or -1. Any thread. */
    int find(long word) {
        int index = place(word);
        for (int i = 0; i < WORDS; i++) {
            long found = at(index);
            if (found == word) {
                return index;
            }
            if (found == FREE) {
                return -1;
            }
            index = index + 1 & WORDS - 1;
        }
        return -1;
    }

    int live() {
        return live;
    }

    boolean isFull() {
        return taken >= MOST;
    }

    /** Adds a word; not to a full shard. The writer. */
    void insert(long word) {
        int index = place(word);
        while (isEntry(at(index))) {
            index = index + 1 & WORDS - 1;
        }
        if (at(index) == FREE) {
            taken++;
        }
        live++;
        set(index, word);
    }

    /** Puts a word in the place of another. The writer. */
    void replace(int index, long word) {
        set(index, word);
    }

    /** Takes a word away. The writer. */
    void remove(int index) {
        live--;
        if (at(index + 1 & WORDS - 1) != FREE) {
            set(index, DELETED);
            return;
        }
        // No search goes on behind this place, so it is free, and so are deleted ones before it.
        int last = index;
        do {
            set(last, FREE);
            taken--;
            last = last - 1 & WORDS - 1;
        } while (at(last) == DELETED);
    }

    private void set(int index, long word) {
        long now = (long) VERSION.get(this);
        VERSION.setOpaque(this, now + 1);
        VarHandle.storeStoreFence();
        chunk.set(ValueLayout.JAVA_LONG, start + 8L * index, word);
        VERSION.setRelease(this, now + 2);
    }

    /** Ends this shard; all it holds is in these, which may be the same. The writer. */
    void die(Shard lower, Shard higher) {
        low = lower;
        high = higher;
        VERSION.setRelease(this, (long) VERSION.get(this) + 1);
        VarHandle.storeStoreFence();
    }

    /** Whether others have taken over; if not, what was read before was there. Any thread. */
    boolean isDead() {
        VarHandle.acquireFence();
        return (version() & 1) != 0 && low != null;
    }

    /** Who took over the hashes whose next bit is 0; of a dead shard. Any thread. */
    Shard low() {
        Shard lower = low;
        assert lower != null;
        return lower;
    }

    /** Who took over the hashes whose next bit is 1; of a dead shard. Any thread. */
    Shard high() {
        Shard higher = high;
        assert higher != null;
        return higher;
    }
}
