package io.keyval.wal;

import java.nio.file.Path;

/** Passes on the records of a file that is read, and tells its events, once a megabyte, how far. */
final class ToldReplay implements LogScanner.Visitor {

    private static final long PROGRESS_BYTES = 1 << 20;

    private final Path file;
    private final long size;
    private final RecordSink sink;
    private final WalEvents events;
    private long told;

    /**
     * For one reading, by one thread.
     *
     * @param size of the whole file, in bytes
     */
    ToldReplay(Path file, long size, RecordSink sink, WalEvents events) {
        this.file = file;
        this.size = size;
        this.sink = sink;
        this.events = events;
    }

    @Override
    public void put(byte[] key, byte[] value) {
        sink.put(key, value);
    }

    @Override
    public void put(byte[] bytes, int key, int keyLength, int value, int valueLength) {
        sink.put(bytes, key, keyLength, value, valueLength);
    }

    @Override
    public void put(Puts puts) {
        sink.put(puts);
    }

    @Override
    public void delete(byte[] key) {
        sink.delete(key);
    }

    @Override
    public void progress(long records, long offset) {
        if (offset - told >= PROGRESS_BYTES) {
            told = offset;
            events.replaying(file, records, offset, size);
        }
    }
}
