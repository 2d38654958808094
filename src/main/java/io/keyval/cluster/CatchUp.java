package io.keyval.cluster;

import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * Whether what is here of a shard has, since it was opened, come to where the leader was when this
 * node first heard from it. Thread-safe.
 */
final class CatchUp {

    private volatile boolean done;

    /** The index to come to, below 0 until the leader has said where it is. */
    private volatile long goal = -1;

    /** Begins anew: the shard is opened again. */
    void restart() {
        goal = -1;
        done = false;
    }

    /**
     * Whether it has; true from then on.
     *
     * @param here the group as it is here, or null when it was not opened
     */
    boolean isDone(RaftServer.@Nullable Division here) {
        if (done) {
            return true;
        }
        if (here == null || !here.getInfo().isAlive()) {
            return false;
        }
        DivisionInfo info = here.getInfo();
        if (info.isLeader() && info.isLeaderReady()) {
            done = true;
            return true;
        }
        RaftPeerId leader = info.getLeaderId();
        if (leader != null && goal < 0) {
            for (CommitInfoProto commit : here.getCommitInfos()) {
                if (RaftPeerId.valueOf(commit.getServer().getId()).equals(leader)) {
                    goal = commit.getCommitIndex();
                }
            }
        }
        if (goal >= 0 && info.getLastAppliedIndex() >= goal) {
            done = true;
        }
        return done;
    }
}
