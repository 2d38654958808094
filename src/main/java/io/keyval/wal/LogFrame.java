package io.keyval.wal;

/**
 * A good frame of a log, as an inspection finds it.
 *
 * @param offset where it begins in the file
 * @param size bytes of it, header included
 * @param kind what its records are
 * @param epoch in which it was written
 * @param firstPosition of its first record; of an empty frame, the next position; of a base frame
 *     and of the history, the base position
 * @param count how many records are in it
 * @param unforced how many bytes directly before it were not yet known durable when it was written
 */
public record LogFrame(
        long offset,
        long size,
        Kind kind,
        long epoch,
        long firstPosition,
        int count,
        long unforced) {

    /** What a frame holds. */
    public enum Kind {
        /** Records with positions that follow each other. */
        RECORDS,
        /** Puts that a compaction wrote: the state at the base position. */
        BASE,
        /** The epochs up to the base position. */
        HISTORY,
        /** What this version does not know. */
        UNKNOWN
    }

    static LogFrame of(long offset, FrameHeader header) {
        Kind kind =
                switch (header.type()) {
                    case FrameCodec.RECORDS -> Kind.RECORDS;
                    case FrameCodec.BASE -> Kind.BASE;
                    case FrameCodec.HISTORY -> Kind.HISTORY;
                    default -> Kind.UNKNOWN;
                };
        return new LogFrame(
                offset,
                header.size(),
                kind,
                header.epoch(),
                header.firstPosition(),
                header.records(),
                header.unforced());
    }

    /** The position of record {@code index} of this frame. */
    public long positionOf(int index) {
        return kind == Kind.RECORDS ? firstPosition + index : firstPosition;
    }
}
