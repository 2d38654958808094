package io.keyval.cluster;

import java.time.Duration;
import org.apache.ratis.proto.RaftProtos.FollowerInfoProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.server.RaftServer;

/**
 * Has a shard opened anew that hears no leader and does not stand for election. A node that is busy
 * with what a leader sent does not; Ratis, at 3.3.0, takes it for busy for ever behind a part of a
 * snapshot that came late or out of turn. Where its log is the longest one, no other node can be
 * elected. For one thread, which looks often.
 */
final class BarredFollower {

    /** How many election timeouts it is waited; a node that may stands within two. */
    private static final int PATIENCE = 5;

    private final ShardGroup shard;
    private final FollowerLog logs;
    private final Duration patience;
    private boolean seen;

    /** When it was seen first, as of {@link System#nanoTime}. */
    private long since;

    /**
     * Looks at one shard.
     *
     * @param logs of this node
     * @param electionTimeout the least time without a leader before a node stands
     */
    BarredFollower(ShardGroup shard, FollowerLog logs, Duration electionTimeout) {
        this.shard = shard;
        this.logs = logs;
        this.patience = electionTimeout.multipliedBy(PATIENCE);
    }

    /** Opens the shard anew when it was such a one at all looks for long. */
    void look() {
        RaftServer.Division here = shard.division();
        long now = System.nanoTime();
        boolean barred =
                here != null
                        && shard.isAlive()
                        && !shard.isRemoved()
                        && isBarred(here, logs, patience);
        if (!barred) {
            seen = false;
        } else if (!seen) {
            seen = true;
            since = now;
        } else if (now - since >= patience.toNanos()) {
            seen = false;
            shard.barred();
        }
    }

    /**
     * Whether a group has heard nothing for so long, and does not stand for election though nothing
     * is under way that it could be busy with.
     */
    static boolean isBarred(RaftServer.Division here, FollowerLog logs, Duration silence) {
        RoleInfoProto role = here.getInfo().getRoleInfoProto();
        if (!here.getInfo().isFollower() || !role.hasFollowerInfo()) {
            return false;
        }
        FollowerInfoProto follower = role.getFollowerInfo();
        ServerRpcProto leader = follower.getLeaderInfo();
        boolean silent =
                leader.getId().getId().isEmpty()
                        || leader.getLastRpcElapsedTimeMs() >= silence.toMillis();
        return silent
                && follower.getOutstandingOp() > 0
                && !logs.isBusy(here.getMemberId().getGroupId());
    }
}
