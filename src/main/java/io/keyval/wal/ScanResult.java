package io.keyval.wal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a scan of a whole log found.
 *
 * @param header the file's header
 * @param end the offset behind the last good frame
 * @param position the last position
 * @param epoch the newest epoch, 0 when none has begun
 * @param history all epochs, oldest first
 * @param frames good frames
 * @param records records in them, base records included
 * @param index where positions are
 * @param damage what stands behind the last good frame, null when that is the end of the file
 */
record ScanResult(
        FileHeader header,
        long end,
        long position,
        long epoch,
        List<Epoch> history,
        long frames,
        long records,
        PositionIndex index,
        @Nullable Damage damage) {}
