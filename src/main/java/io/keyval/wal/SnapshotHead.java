package io.keyval.wal;

/**
 * What a snapshot says of itself.
 *
 * @param term of the last entry in it
 * @param index of the last entry in it
 * @param note bytes of whoever wrote it; empty when there are none
 * @param size bytes of the file
 */
public record SnapshotHead(long term, long index, byte[] note, long size) {}
