package io.keyval.wal;

import java.time.Duration;

/**
 * What a compaction did.
 *
 * @param bytesBefore size of the log when the compaction ended
 * @param bytesAfter size of the log that took its place
 * @param records live records written as base
 * @param took from beginning to end
 * @param pause how long writers were held up for the switch
 */
public record CompactionResult(
        long bytesBefore, long bytesAfter, long records, Duration took, Duration pause) {}
