package io.keyval.wal;

import org.jspecify.annotations.Nullable;

/**
 * What a cut at the first bad byte of a log costs.
 *
 * @param bytes from there to the end of the file
 * @param frames good frames among them
 * @param records in those frames
 * @param first the lowest position in those frames, null when no record is readable
 * @param last the highest
 * @param damagedFrames frames with a good header and a damaged body
 * @param damagedRecords that were in those
 */
public record LogLoss(
        long bytes,
        long frames,
        long records,
        @Nullable Long first,
        @Nullable Long last,
        long damagedFrames,
        long damagedRecords) {}
