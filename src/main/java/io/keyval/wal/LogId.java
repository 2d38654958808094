package io.keyval.wal;

import java.util.UUID;

/**
 * The identity of a history: drawn when a log is created, kept by every compaction and by every
 * follower's copy. Two logs with different ids share nothing.
 *
 * @param uuid never null
 */
public record LogId(UUID uuid) {

    static LogId random() {
        return new LogId(UUID.randomUUID());
    }

    @Override
    public String toString() {
        return uuid.toString();
    }
}
