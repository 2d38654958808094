package io.keyval.wal;

import java.nio.ByteBuffer;

/**
 * Records that are appended together. A group gets positions that follow each other, the first of
 * which {@link #committed} tells.
 */
public interface RecordGroup extends Outcome {

    /** How many records; at least 1. Any thread. */
    int count();

    /** How many bytes {@link #encode} writes. Any thread. */
    int encodedSize();

    /** Writes the records with {@link Records}. The writer thread. */
    void encode(ByteBuffer target);
}
