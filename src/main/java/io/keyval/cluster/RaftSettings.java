package io.keyval.cluster;

import java.io.File;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;
import org.jspecify.annotations.Nullable;

/** The settings of Ratis that follow from those of a node. */
final class RaftSettings {

    private static final long MB = 1 << 20;

    /** What replies may come to at a node of any heap. */
    private static final long MOST_REPLIES = 32 * MB;

    private RaftSettings() {}

    static RaftProperties of(ClusterSettings settings, Bounds bounds, Path storage) {
        RaftProperties target = new RaftProperties();
        RaftConfigKeys.Rpc.setType(target, new NodeRpc());
        RaftServerConfigKeys.setStorageDir(target, List.of(storage.toFile()));
        RaftServerConfigKeys.setRemovedGroupsDir(
                target, new File(storage.toFile().getParentFile(), "raft-removed"));
        transport(target, settings, bounds);
        log(target, settings, bounds);
        elections(target, settings);
        return target;
    }

    private static void transport(RaftProperties target, ClusterSettings settings, Bounds bounds) {
        String host = bindAddress(settings.self().host());
        if (host != null) {
            GrpcConfigKeys.Server.setHost(target, host);
        }
        GrpcConfigKeys.Server.setPort(target, settings.self().port());
        // An answer holds the values of an entry's reads.
        long largest =
                2 * settings.maxEntry() + MOST_REPLIES + 2 * settings.maxValueSize() + 16 * MB;
        GrpcConfigKeys.setMessageSizeMax(target, size(largest));
        GrpcConfigKeys.Server.setLeaderOutstandingAppendsMax(target, bounds.appends());
        GrpcConfigKeys.Server.setInstallSnapshotRequestElementLimit(target, Bounds.CHUNKS);
        RaftClientConfigKeys.Rpc.setRequestTimeout(
                target, time(settings.requestTimeout().plusSeconds(2)));
    }

    /**
     * The address of this machine to listen at, or null for all of them: a name may not be known
     * yet where this node runs, and an address of the peers may be one that is translated.
     */
    static @Nullable String bindAddress(String host) {
        if (host.equals("localhost")) {
            return "127.0.0.1";
        }
        try {
            InetAddress address = InetAddress.ofLiteral(host);
            return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null
                    ? host
                    : null;
        } catch (IllegalArgumentException | SocketException e) {
            return null;
        }
    }

    private static void log(RaftProperties target, ClusterSettings settings, Bounds bounds) {
        long buffer = bounds.buffer();
        RaftServerConfigKeys.Log.Appender.setBufferByteLimit(target, size(buffer));
        RaftServerConfigKeys.Log.Appender.setSnapshotChunkSizeMax(target, size(bounds.chunk()));
        RaftServerConfigKeys.Log.setWriteBufferSize(target, size(buffer + 64 * 1024));
        RaftServerConfigKeys.Log.setQueueByteLimit(target, size(bounds.queue()));
        // Files that are begun and ended count, too.
        RaftServerConfigKeys.Log.setQueueElementLimit(target, 2 * FollowerLog.MAX_ENTRIES);
        RaftServerConfigKeys.Write.setByteLimit(target, size(bounds.queue()));
        RaftServerConfigKeys.Log.setUnsafeFlushEnabled(target, false);
        // One append that fails would fail all that come after; FollowerLog sees to their order.
        RaftServerConfigKeys.Log.setAppendEntriesComposeEnabled(target, false);
        // A follower with entries that nobody committed goes back one of them for each answer, and
        // each counts as an error; so do attempts to reach a node that is away. Each attempt to
        // bring a snapshot to a node that refuses it keeps what was sent for some seconds.
        RaftServerConfigKeys.Log.Appender.setRetryPolicy(
                target, "1ms,20, 10ms,20, 100ms,2000000000");
        // A millisecond between messages would be a thousand of them a second at most.
        RaftServerConfigKeys.Log.Appender.setWaitTimeMin(target, TimeDuration.ZERO);
        // Each commit would be logged once more, and forced.
        RaftServerConfigKeys.Log.setLogMetadataEnabled(target, false);
        long segment = bounds.segment();
        RaftServerConfigKeys.Log.setSegmentSizeMax(target, size(segment));
        RaftServerConfigKeys.Log.setPreallocatedSize(target, size(Math.min(segment, 4 * MB)));
        RaftServerConfigKeys.Log.setSegmentCacheNumMax(target, Bounds.SEGMENTS);
        RaftServerConfigKeys.Log.setSegmentCacheSizeMax(target, size(Bounds.SEGMENTS * segment));
        RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(target, true);
        RaftServerConfigKeys.Log.setPurgeGap(target, 1);
        // The state machine begins a snapshot by itself; Ratis is told when it is there.
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(target, false);
        RaftServerConfigKeys.Snapshot.setCreationGap(target, 1);
        RaftServerConfigKeys.Snapshot.setRetentionFileNum(target, 1);
        // Nothing is sent twice, so that there is nothing to be remembered.
        RaftServerConfigKeys.RetryCache.setExpiryTime(
                target, TimeDuration.valueOf(1, TimeUnit.SECONDS));
    }

    private static void elections(RaftProperties target, ClusterSettings settings) {
        Duration least = settings.electionTimeout();
        RaftServerConfigKeys.Rpc.setTimeoutMin(target, time(least));
        RaftServerConfigKeys.Rpc.setTimeoutMax(target, time(least.multipliedBy(2)));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(target, time(least.dividedBy(4)));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(target, time(least.dividedBy(2)));
        RaftServerConfigKeys.Rpc.setRequestTimeout(target, time(least.multipliedBy(4)));
        RaftServerConfigKeys.LeaderElection.setPreVote(target, true);
        RaftServerConfigKeys.setSleepDeviationThreshold(target, time(least));
        // A process that stood still for long goes on as a follower; it does not end.
        RaftServerConfigKeys.setCloseThreshold(target, TimeDuration.valueOf(1, TimeUnit.DAYS));
        RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(
                target, time(least.multipliedBy(2)));
        RaftServerConfigKeys.setStagingTimeout(target, TimeDuration.valueOf(30, TimeUnit.SECONDS));
    }

    private static SizeInBytes size(long bytes) {
        return SizeInBytes.valueOf(bytes);
    }

    private static TimeDuration time(Duration duration) {
        return TimeDuration.valueOf(duration.toMillis(), TimeUnit.MILLISECONDS);
    }
}
