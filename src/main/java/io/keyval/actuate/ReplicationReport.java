package io.keyval.actuate;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.keyval.replication.FollowerStatus;
import io.keyval.replication.LinkStatus;
import io.keyval.store.Role;
import io.keyval.wal.Epoch;
import io.keyval.wal.Wal;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What {@code /actuator/replication} answers. Words are in lower case, as in the log and in meters.
 *
 * @param role {@code leader} or {@code follower}
 * @param id this node's
 * @param log the identity of the log; nodes of one history share it
 * @param epoch the newest in the log
 * @param position of the last durable record
 * @param keys that are present
 * @param digest a number that nodes with the same data share; only where it was asked for
 * @param followers of a leader; absent on a follower
 * @param leader of a follower; absent on a leader, and on one that another leader has superseded
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ReplicationReport(
        String role,
        int id,
        String log,
        String epoch,
        long position,
        long keys,
        @Nullable String digest,
        @Nullable List<Follower> followers,
        @Nullable Leader leader) {

    /**
     * One follower, as its leader sees it.
     *
     * @param acknowledgedPosition it has all records up to here on disk
     * @param sync how far its full sync is; absent when none runs
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Follower(
            int id,
            String address,
            String state,
            long acknowledgedPosition,
            long lagRecords,
            long lagBytes,
            double lagSeconds,
            @Nullable Sync sync) {

        static Follower of(FollowerStatus status) {
            return new Follower(
                    status.id(),
                    status.address(),
                    word(status.state()),
                    status.acknowledgedPosition(),
                    status.lagRecords(),
                    status.lagBytes(),
                    seconds(status.lag()),
                    Sync.of(status.syncedBytes(), status.syncBytes()));
        }
    }

    /**
     * The leader, as its follower sees it.
     *
     * @param reason why the link does not stream; absent when there is nothing to say
     * @param position of the leader's last durable record, as last heard
     * @param silentSeconds since the leader was last heard; absent when it never was
     * @param sync how far the full sync is; absent when none runs
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Leader(
            String address,
            String state,
            @Nullable String reason,
            long position,
            long lagRecords,
            long lagBytes,
            double lagSeconds,
            @Nullable Double silentSeconds,
            @Nullable Sync sync) {

        static Leader of(LinkStatus status) {
            Duration silence = status.silence();
            return new Leader(
                    status.leader(),
                    word(status.state()),
                    status.reason(),
                    status.leaderPosition(),
                    status.lagRecords(),
                    status.lagBytes(),
                    seconds(status.lag()),
                    silence == null ? null : seconds(silence),
                    Sync.of(status.syncedBytes(), status.syncBytes()));
        }
    }

    /** How far a full sync is. */
    record Sync(long bytes, long totalBytes, long percent) {

        static @Nullable Sync of(long bytes, long totalBytes) {
            return totalBytes == 0 ? null : new Sync(bytes, totalBytes, 100 * bytes / totalBytes);
        }
    }

    static ReplicationReport of(
            Role role,
            int id,
            Wal wal,
            long keys,
            @Nullable String digest,
            List<FollowerStatus> followers,
            @Nullable LinkStatus link) {
        return new ReplicationReport(
                word(role),
                id,
                wal.id().toString(),
                Epoch.text(wal.epoch()),
                wal.position(),
                keys,
                digest,
                role == Role.LEADER ? followers.stream().map(Follower::of).toList() : null,
                link != null ? Leader.of(link) : null);
    }

    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
