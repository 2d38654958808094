package io.keyval.wal;

import java.util.function.BiConsumer;

/** The state that a log led to, for a compaction to write down. */
public interface LiveRecords {

    /**
     * Hands out every entry that was there when the call began and is not changed until it is met.
     * Entries changed meanwhile may come in any of their states, or not at all. Not called by the
     * log's writer thread.
     *
     * @throws IllegalStateException when the state has been taken away, with a sentence that says
     *     why
     */
    void forEach(BiConsumer<byte[], byte[]> entry);

    /** About how many bytes the entries take in a log. */
    long encodedSize();
}
