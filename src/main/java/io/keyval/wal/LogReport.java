package io.keyval.wal;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a log is, and up to where it is good.
 *
 * @param file the log
 * @param size bytes of the file when the reading began
 * @param verdict whether all of them are good
 * @param wrong what is wrong at {@code end}; null when nothing is
 * @param id the history it belongs to; null when the file header is not readable
 * @param end the offset behind the last good frame: where the damage begins, if there is any
 * @param basePosition records above it are in the file one by one
 * @param baseWhole whether the base that a compaction wrote is all there; false, too, when the file
 *     header is not readable. Without it no cut makes a log of the file
 * @param position of the last good record
 * @param epochs all that are known, oldest first
 * @param frames good frames
 * @param baseRecords good records that stand for the state at the base position
 * @param records good records with a position of their own
 */
public record LogReport(
        Path file,
        long size,
        Verdict verdict,
        @Nullable String wrong,
        @Nullable LogId id,
        long end,
        long basePosition,
        boolean baseWhole,
        long position,
        List<Epoch> epochs,
        long frames,
        long baseRecords,
        long records) {

    /** Whether a log can be trusted. */
    public enum Verdict {
        /** All of it is good. */
        GOOD,
        /**
         * The last bytes are no whole frame, and nothing in the file says that they ever were: a
         * crash, or a node that is writing at this moment. A start cuts them off.
         */
        TORN_TAIL,
        /** Something that was durable once is damaged, or this is no log. A start refuses it. */
        CORRUPT
    }
}
