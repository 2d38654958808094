package io.keyval.cluster;

import java.time.Duration;
import org.apache.ratis.proto.RaftProtos.FollowerInfoProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.util.LifeCycle;

/**
 * Has a shard opened anew that hears no leader and does not stand for election. A node that is busy
 * with what a leader sent does not; Ratis, at 3.3.0, takes it for busy for ever behind a part of a
 * snapshot that came late or out of turn. Where its log is the longest one, no other node can be
 * elected. For one thread, which looks often.
 */
final class BarredFollower {

    /** How many election timeouts it is waited; a node that may stands within two. */
    private static final int PATIENCE = 10;

    private final ShardGroup shard;
    private final Duration patience;

    /**
     * Looks at one shard.
     *
     * @param electionTimeout the least time without a leader before a node stands
     */
    BarredFollower(ShardGroup shard, Duration electionTimeout) {
        this.shard = shard;
        this.patience = electionTimeout.multipliedBy(PATIENCE);
    }

    /** Looks whether the shard is such a one. */
    void look() {
        RaftServer.Division here = shard.division();
        if (here != null && shard.isAlive() && !shard.isRemoved() && isBarred(here, patience)) {
            shard.barred();
        }
    }

    /**
     * Whether a group has heard nothing for so long, and does not stand for election though there
     * is nothing that it could be busy with.
     */
    static boolean isBarred(RaftServer.Division here, Duration patience) {
        RoleInfoProto role = here.getInfo().getRoleInfoProto();
        if (!here.getInfo().isFollower() || !role.hasFollowerInfo()) {
            return false;
        }
        FollowerInfoProto follower = role.getFollowerInfo();
        RaftLog log = here.getRaftLog();
        return follower.getOutstandingOp() > 0
                && follower.getLeaderInfo().getLastRpcElapsedTimeMs() >= patience.toMillis()
                && log.getFlushIndex() >= log.getNextIndex() - 1
                && here.getStateMachine().getLifeCycleState() == LifeCycle.State.RUNNING;
    }
}
