package io.keyval.cluster;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.GroupInfoReply;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.util.ProtoUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out who leads and holds shards, also those that are elsewhere. Thread-safe. */
final class Survey {

    private static final Logger log = LoggerFactory.getLogger(RaftNode.class);

    private final ClusterSettings settings;
    private final KnownNodes nodes;
    private final Forwarder sender;
    private final Forwarder commands;
    private final BooleanSupplier stopping;

    /**
     * Asks by a sender.
     *
     * @param commands is told where nodes are, as the sender is
     * @param stopping whether the node stops, and asks nobody any more
     */
    Survey(
            ClusterSettings settings,
            KnownNodes nodes,
            Forwarder sender,
            Forwarder commands,
            BooleanSupplier stopping) {
        this.settings = settings;
        this.nodes = nodes;
        this.sender = sender;
        this.commands = commands;
        this.stopping = stopping;
    }

    /**
     * Who leads and holds a shard: as this node knows by itself, or as the node says that leads it.
     * Null when nobody is found who leads it; each node that does not answer is waited for.
     */
    @Nullable Composition composition(ShardGroup shard) {
        Composition here = shard.composition();
        if (here != null) {
            return here;
        }
        Deque<String> next = new ArrayDeque<>(shard.likeliestHolders());
        nodes.all().forEach(node -> next.add(Integer.toString(node.id())));
        Set<String> asked = new HashSet<>(Set.of(Integer.toString(settings.id())));
        while (!next.isEmpty() && !stopping.getAsBoolean()) {
            String id = next.remove();
            if (!asked.add(id)) {
                continue;
            }
            try {
                GroupInfoReply said = sender.info(RaftPeerId.valueOf(id), shard.groupId());
                RoleInfoProto role = said.getRoleInfoProto();
                if (role.getRole() == RaftPeerRole.LEADER && said.getConf().isPresent()) {
                    Composition now =
                            Composition.of(RaftPeerId.valueOf(id), said.getConf().orElseThrow());
                    know(now.all());
                    shard.heard(now);
                    return now;
                }
                RaftPeerProto leader = role.getFollowerInfo().getLeaderInfo().getId();
                if (!leader.getId().isEmpty()) {
                    know(List.of(ProtoUtils.toRaftPeer(leader)));
                    next.addFirst(leader.getId().toStringUtf8());
                }
            } catch (IOException e) {
                log.debug("Node {} did not say who holds shard {}", id, shard.shard(), e);
            }
        }
        return null;
    }

    private void know(List<RaftPeer> peers) {
        sender.know(peers);
        commands.know(peers);
    }

    /** Asks who holds the shards that are elsewhere, which keep it in mind. */
    void lookElsewhere(List<ShardGroup> shards) {
        for (ShardGroup shard : shards) {
            if (shard.machine() == null) {
                composition(shard);
            }
        }
    }
}
