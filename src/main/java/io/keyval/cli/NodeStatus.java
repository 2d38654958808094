package io.keyval.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one node.
 *
 * @param role {@code leader} or {@code follower}, in a cluster also {@code candidate}, {@code
 *     learner}, {@code closed}, {@code mending}, {@code removed}, {@code elsewhere}, or {@code
 *     node} where it has several shards, or {@code ?}
 * @param id its id; 0 when not known
 * @param address where it was asked; of a follower that was not reached, where its leader knows it
 * @param position of its last record on disk, in a cluster the index of the last entry in memory;
 *     null when not known
 * @param lag how far behind its leader it is; null for a leader, and when not known
 * @param keys that are present; null when not known
 * @param health its own word, or how its leader sees it
 * @param wellness what to think of that
 * @param note what there is to say besides; null for nothing
 * @param log the identity of its log, or of its cluster; null when not known
 * @param shards of a cluster, as it sees them; none when it is in none
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
        @Nullable String log,
        List<Shard> shards) {

    /** A node that is in no cluster. */
    NodeStatus(
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
        this(role, id, address, position, lag, keys, health, wellness, note, log, List.of());
    }

    /** What to think of a node. */
    enum Wellness {
        WELL,
        NOT_WELL,
        UNREACHABLE
    }

    /**
     * A shard of a cluster, as a node sees it.
     *
     * @param role of the node in it
     * @param leader the id of the node that leads; null when not known
     * @param changes how often another node led than before, since the node started
     * @param nodes the ids of those that hold it, as far as the node knows
     */
    record Shard(
            int shard,
            String role,
            long term,
            @Nullable Integer leader,
            long committed,
            long applied,
            long changes,
            List<Integer> nodes) {

        Map<String, @Nullable Object> json() {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            map.put("shard", shard);
            map.put("role", role);
            map.put("term", term);
            map.put("leader", leader);
            map.put("committed", committed);
            map.put("applied", applied);
            map.put("leaderChanges", changes);
            return map;
        }
    }

    /**
     * How far a node is behind.
     *
     * @param bytes of records; null in a cluster
     * @param seconds likewise
     */
    record Lag(long records, @Nullable Long bytes, @Nullable Double seconds) {

        @Override
        public String toString() {
            if (bytes == null) {
                return switch ((int) Math.min(records, 2)) {
                    case 0 -> "0";
                    case 1 -> "1 entry";
                    default -> "%d entries".formatted(records);
                };
            }
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
        if (!shards.isEmpty()) {
            map.put("cluster", log);
            map.put("shards", shards.stream().map(Shard::json).toList());
        }
        return map;
    }
}
