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
 * elected. For one thread, which looks once in an election timeout.
 */
final class BarredFollower {

    /** How many looks in a row must see it. */
    private static final int SURE = 5;

    /** How many election timeouts it hears nothing; a node that may stand does within two. */
    private static final int SILENCE = 5;

    private final ShardGroup shard;
    private final FollowerLog logs;
    private final Duration silence;

    /** Looks in a row that saw it. */
    private int seen;

    /**
     * Looks at one shard.
     *
     * @param logs of this node
     * @param electionTimeout the least time without a leader before a node stands
     */
    BarredFollower(ShardGroup shard, FollowerLog logs, Duration electionTimeout) {
        this.shard = shard;
        this.logs = logs;
        this.silence = electionTimeout.multipliedBy(SILENCE);
    }

    /** Looks at the shard, and opens it anew where it must be. */
    void look() {
        RaftServer.Division here = shard.division();
        boolean barred =
                here != null
                        && shard.isAlive()
                        && !shard.isRemoved()
                        && isBarred(here, logs, silence);
        seen = barred ? seen + 1 : 0;
        if (seen == SURE) {
            seen = 0;
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
