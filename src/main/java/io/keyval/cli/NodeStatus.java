package io.keyval.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one node.
 *
 * @param role {@code leader}, {@code follower}, or {@code ?}
 * @param id its id; 0 when not known
 * @param address where it was asked; of a follower that was not reached, where its leader knows it
 * @param position of its last record on disk; null when not known
 * @param lag how far behind its leader it is; null for a leader, and when not known
 * @param keys that are present; null when not known
 * @param health its own word, or how its leader sees it
 * @param wellness what to think of that
 * @param note what there is to say besides; null for nothing
 * @param log the identity of its log; null when not known
 */
record NodeStatus(
        String role,
        int id,
        String address,
        @Nullable Long position,
        @Nullable Lag lag,
        @Nullable Long keys,
        String health,
        Wellness wellness,
        @Nullable String note,
        @Nullable String log) {

    /** What to think of a node. */
    enum Wellness {
        WELL,
        NOT_WELL,
        UNREACHABLE
    }

    /** How far a follower is behind. */
    record Lag(long records, long bytes, double seconds) {

        @Override
        public String toString() {
            return records == 0
                    ? "0"
                    : "%d records, %s, %.1f s".formatted(records, Units.bytes(bytes), seconds);
        }
    }

    Map<String, @Nullable Object> json() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("role", role.equals("?") ? null : role);
        map.put("id", id == 0 ? null : id);
        map.put("address", address);
        map.put("position", position);
        map.put("lagRecords", lag == null ? null : lag.records());
        map.put("lagBytes", lag == null ? null : lag.bytes());
        map.put("lagSeconds", lag == null ? null : lag.seconds());
        map.put("keys", keys);
        map.put("health", health);
        map.put("note", note);
        return map;
    }
}
