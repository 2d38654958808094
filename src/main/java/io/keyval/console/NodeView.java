package io.keyval.console;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.keyval.cluster.ClusterView;
import io.keyval.replication.FollowerStatus;
import io.keyval.replication.LinkStatus;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The node and its links at one moment. Sizes are in bytes, words in lower case.
 *
 * @param role {@code leader} or {@code follower}; {@code node} in a cluster
 * @param address where it takes clients, as far as its settings say
 * @param open whether the log is replayed; if not, what comes of the log is absent, as it is in a
 *     cluster
 * @param health the status, as in {@code /actuator/health}
 * @param reasons why the health is not UP, one sentence each
 * @param followers of a leader, by id; absent elsewhere
 * @param leader of a follower; absent elsewhere
 * @param cluster as a node of a cluster sees it; absent elsewhere
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record NodeView(
        String role,
        int id,
        @Nullable String address,
        @Nullable String version,
        boolean open,
        String health,
        List<String> reasons,
        @Nullable Log log,
        long keys,
        Memory memory,
        @Nullable Integer connections,
        int maxConnections,
        @Nullable List<Follower> followers,
        @Nullable Leader leader,
        @Nullable ClusterView cluster) {

    /**
     * The log.
     *
     * @param position of the last durable record
     * @param live about what it would take to hold the live data alone
     */
    record Log(long position, String epoch, long size, long live, String fsync) {}

    /**
     * Memory of the process.
     *
     * @param resident of the whole process; absent where the system does not tell
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Memory(long heap, long maxHeap, @Nullable Long resident) {}

    /**
     * One follower, as its leader sees it.
     *
     * @param position it has all records up to here on disk
     * @param percent how far its full sync is; absent when none runs
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Follower(
            int id,
            String address,
            String state,
            long position,
            long lagRecords,
            long lagBytes,
            double lagSeconds,
            @Nullable Long percent) {

        static Follower of(FollowerStatus status) {
            return new Follower(
                    status.id(),
                    status.address(),
                    word(status.state()),
                    status.acknowledgedPosition(),
                    status.lagRecords(),
                    status.lagBytes(),
                    seconds(status.lag()),
                    part(status.syncedBytes(), status.syncBytes()));
        }
    }

    /**
     * The leader, as its follower sees it.
     *
     * @param reason why the link does not stream; absent when there is nothing to say
     * @param position of the leader's last durable record, as last heard
     * @param silentSeconds since it was last heard; absent when it never was
     * @param percent how far the full sync is; absent when none runs
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
            @Nullable Long percent) {

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
                    part(status.syncedBytes(), status.syncBytes()));
        }
    }

    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    private static @Nullable Long part(long done, long total) {
        return total == 0 ? null : 100 * done / total;
    }
}
