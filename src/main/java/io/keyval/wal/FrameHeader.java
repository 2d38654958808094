package io.keyval.wal;

/**
 * What stands before the body of a frame.
 *
 * @param type {@link FrameCodec#RECORDS}, {@link FrameCodec#BASE} or {@link FrameCodec#HISTORY}
 * @param bodyLength bytes of the body
 * @param bodyCrc CRC32C of the body
 * @param epoch the epoch of the records
 * @param firstPosition the position of the first record; of an empty frame, the next position
 * @param unforced how many bytes directly before this frame were not yet known durable when it was
 *     written
 * @param count records in the body; of a history, epochs, where a note follows them
 */
record FrameHeader(
        byte type,
        int bodyLength,
        int bodyCrc,
        long epoch,
        long firstPosition,
        long unforced,
        int count) {

    /** Bytes of header and body together. */
    long size() {
        return FrameCodec.FRAME_HEADER_SIZE + (long) bodyLength;
    }

    /** Records in the body. */
    int records() {
        return type == FrameCodec.HISTORY ? 0 : count;
    }

    /** The position of the last record of this frame, or the one before it when it is empty. */
    long lastPosition() {
        return firstPosition + count - 1;
    }
}
