package io.keyval.cluster;

import java.io.IOException;
import java.util.List;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.server.RaftServer;

/**
 * Gives this node's Raft server the groups of its shards, and takes them away. The data stays on
 * disk either way. Calls for different shards may overlap.
 */
final class GroupFormation {

    private final ClusterSettings settings;
    private final GroupDirectories directories;
    private final RaftServer server;
    private final Caller caller;

    GroupFormation(
            ClusterSettings settings,
            GroupDirectories directories,
            RaftServer server,
            Caller caller) {
        this.settings = settings;
        this.directories = directories;
        this.server = server;
        this.caller = caller;
    }

    /**
     * Has the server run the group of a shard, with the members of the settings where none were
     * stored; answers what it has of it then, also where it had it before.
     */
    RaftServer.Division form(ShardGroup shard) throws IOException {
        directories.show(shard.groupId());
        if (!isOpen(shard.groupId())) {
            succeed(
                    GroupManagementRequest.newAdd(
                            caller.id(),
                            server.getId(),
                            caller.nextCall(),
                            RaftGroup.valueOf(shard.groupId(), founders(shard)),
                            false));
        }
        return server.getDivision(shard.groupId());
    }

    /** Has the server close the group of a shard, and forget it until it is formed again. */
    void remove(ShardGroup shard) throws IOException {
        succeed(
                GroupManagementRequest.newRemove(
                        caller.id(),
                        server.getId(),
                        caller.nextCall(),
                        shard.groupId(),
                        false,
                        false));
    }

    private boolean isOpen(RaftGroupId group) {
        for (RaftGroupId id : server.getGroupIds()) {
            if (id.equals(group)) {
                return true;
            }
        }
        return false;
    }

    private void succeed(GroupManagementRequest request) throws IOException {
        RaftClientReply reply = server.groupManagement(request);
        if (!reply.isSuccess()) {
            throw reply.getException();
        }
    }

    private List<RaftPeer> founders(ShardGroup shard) {
        if (settings.join()) {
            return List.of();
        }
        List<Integer> holders = settings.holders(shard.shard());
        return settings.peers().stream()
                .filter(peer -> holders.contains(peer.id()))
                .map(ClusterSettings::raftPeer)
                .toList();
    }
}
