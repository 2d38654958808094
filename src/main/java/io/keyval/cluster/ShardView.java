package io.keyval.cluster;

import java.util.ArrayList;
import java.util.List;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * Describes a shard as this node sees it at the moment: its role here, how far it is, its peers.
 */
final class ShardView {

    private ShardView() {}

    /** The shard as it is at the moment. */
    static ClusterView.Group of(ShardGroup shard) {
        RaftServer.Division here = shard.division();
        KeyspaceStateMachine data = shard.machine();
        boolean open =
                here != null && data != null && here.getInfo().isAlive() && shard.failure() == null;
        String leader = shard.leader();
        return new ClusterView.Group(
                shard.shard(),
                shard.groupId().getUuid().toString(),
                role(shard, here, data),
                open ? here.getInfo().getCurrentTerm() : 0,
                leader == null ? null : Integer.valueOf(leader),
                leader == null ? null : shard.leaderSince(),
                open ? here.getRaftLog().getLastCommittedIndex() : 0,
                open ? here.getInfo().getLastAppliedIndex() : 0,
                open ? data.snapshotIndex() : 0,
                open ? data.replica().keys() : 0,
                shard.caughtUp(),
                shard.failure(),
                shard.leaderChanges(),
                shard.forwarded(),
                shard.unanswered(),
                shard.batcher().inFlight(),
                open && here.getInfo().isLeader() ? peers(here) : List.of());
    }

    private static String role(
            ShardGroup shard,
            RaftServer.@Nullable Division here,
            @Nullable KeyspaceStateMachine data) {
        if (data == null) {
            return "elsewhere";
        }
        if (shard.isRemoved()) {
            return "removed";
        }
        boolean open = here != null && here.getInfo().isAlive() && shard.failure() == null;
        return open ? role(here) : shard.isMending() ? "mending" : "closed";
    }

    private static String role(RaftServer.Division here) {
        RaftPeerId self = here.getId();
        RaftConfiguration members = here.getRaftConf();
        // One that was added while it ran has the role of a follower, and no vote.
        boolean learns =
                members.getPeer(self, RaftPeerRole.LISTENER) != null
                        && members.getPeer(self) == null;
        if (learns) {
            return "learner";
        }
        return switch (here.getInfo().getCurrentRole()) {
            case LEADER -> "leader";
            case CANDIDATE -> "candidate";
            case LISTENER -> "learner";
            case FOLLOWER, UNRECOGNIZED -> "follower";
        };
    }

    private static List<ClusterView.PeerState> peers(RaftServer.Division here) {
        List<ServerRpcProto> followers =
                here.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList();
        long[] matched = here.getInfo().getFollowerMatchIndices();
        long last = here.getRaftLog().getLastCommittedIndex();
        List<ClusterView.PeerState> peers = new ArrayList<>();
        for (int i = 0; i < followers.size(); i++) {
            RaftPeerId id = RaftPeerId.valueOf(followers.get(i).getId().getId());
            boolean known = matched != null && matched.length == followers.size();
            peers.add(
                    new ClusterView.PeerState(
                            Integer.parseInt(id.toString()),
                            Holders.votes(here, id),
                            known ? matched[i] : null,
                            known ? Math.max(0, last - matched[i]) : null,
                            followers.get(i).getLastRpcElapsedTimeMs()));
        }
        return peers;
    }
}
