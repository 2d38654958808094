package io.keyval.wal;

/**
 * Some puts that follow each other in a log, whose keys and values stand in one array. The array
 * and this object stay the reader's: what is to be kept is copied.
 */
public final class Puts {

    /** So many at most are handed out together. */
    public static final int MOST = 32;

    private final byte[] bytes;
    private final int[] keys;
    private final int[] keyLengths;
    private final int[] valueLengths;
    private int count;

    Puts(byte[] bytes, int most) {
        this.bytes = bytes;
        this.keys = new int[most];
        this.keyLengths = new int[most];
        this.valueLengths = new int[most];
    }

    /** How many there are, up to {@link #MOST}. */
    public int count() {
        return count;
    }

    /** The array that holds all keys and values. */
    public byte[] bytes() {
        return bytes;
    }

    /** Where a key begins. */
    public int key(int index) {
        return keys[index];
    }

    /** Bytes of a key. */
    public int keyLength(int index) {
        return keyLengths[index];
    }

    /** Where a value begins. */
    public int value(int index) {
        return keys[index] + keyLengths[index];
    }

    /** Bytes of a value. */
    public int valueLength(int index) {
        return valueLengths[index];
    }

    /** Adds a put whose value stands directly behind its key. */
    void add(int key, int keyLength, int valueLength) {
        keys[count] = key;
        keyLengths[count] = keyLength;
        valueLengths[count++] = valueLength;
    }

    /** Hands out what is there, and is empty again. */
    void handOut(RecordSink sink) {
        if (count > 0) {
            sink.put(this);
            count = 0;
        }
    }

    boolean isFull() {
        return count == keys.length;
    }
}
