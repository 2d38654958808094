package io.keyval.wal;

import java.nio.file.Path;

/**
 * What a log has to tell. Called by the thread that does the work, so implementations return at
 * once.
 */
public interface WalEvents {

    /** Nobody listens. */
    WalEvents NONE = new WalEvents() {};

    /** A force took this long. */
    default void forced(long nanos) {}

    /**
     * Replay has come this far; called once a megabyte and at the end, of a log that comes in from
     * elsewhere at its beginning and its end.
     */
    default void replaying(Path file, long records, long bytes, long totalBytes) {}

    /**
     * The end of the file was no whole frame and no frame behind it vouched for it: it was copied
     * to {@code copy} and cut off at {@code offset}.
     */
    default void tornTail(Path file, long offset, long bytes, String what, Path copy) {}

    /** A write could not be done and was undone; the first of a row of such failures. */
    default void stalled(Path file, String reason) {}

    /** A write succeeded again after a row of failures. */
    default void resumed(Path file) {}

    /** The log takes nothing more until the process starts again. */
    default void failed(Path file, String reason) {}

    /** A compaction has renamed a shorter log over this one. */
    default void compacted(Path file, CompactionResult result) {}
}
