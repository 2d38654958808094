package io.keyval.store;

import io.keyval.wal.FsyncPolicy;
import java.nio.file.Path;

/**
 * What the store needs to know.
 *
 * @param dataDirectory where the log is
 * @param logName the name of the log's file
 * @param role the role to start in
 * @param fsync when writes are forced
 * @param compactMinSize bytes below which the log is not compacted
 * @param compactRatio how many times the live data the log may be before it is compacted
 * @param retain bytes of the newest log that a compaction keeps
 * @param maxMemory bytes of memory above which a leader takes no more data; {@link Long#MAX_VALUE}
 *     is no bound
 */
public record StoreSettings(
        Path dataDirectory,
        String logName,
        Role role,
        FsyncPolicy fsync,
        long compactMinSize,
        double compactRatio,
        long retain,
        long maxMemory) {

    /** The name of a leader's log. */
    static final String LEADER_LOG = "leader.log";

    /** The name of a follower's log. */
    static String followerLog(long id) {
        return "follower_" + id + ".log";
    }

    /** The size above which a log of so much live data is worth a compaction. */
    long threshold(long liveBytes) {
        return Math.max(compactMinSize, (long) (compactRatio * liveBytes));
    }

    /** What a compaction keeps: never so much that the next one would be due at once. */
    long retain(long liveBytes) {
        return Math.min(retain, Math.max(0, threshold(liveBytes) - liveBytes) / 2);
    }
}
