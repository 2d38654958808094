package io.keyval.cluster;

import io.keyval.command.Reply;
import io.keyval.store.Replica;
import java.lang.invoke.VarHandle;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/** What the reads of a shard need of its leader: its group, its data and the other nodes. */
final class LeaderReads implements ReadIndex.Shard {

    private final RaftGroupId groupId;
    private final RaftPeerId self;
    private final Supplier<RaftServer.@Nullable Division> division;
    private final Supplier<@Nullable KeyspaceStateMachine> machine;
    private final Forwarder forwarder;
    private final Batcher batcher;

    /**
     * For one shard.
     *
     * @param division what is open of it here, or null
     * @param machine what is executed here, or null
     */
    LeaderReads(
            RaftGroupId groupId,
            RaftPeerId self,
            Supplier<RaftServer.@Nullable Division> division,
            Supplier<@Nullable KeyspaceStateMachine> machine,
            Forwarder forwarder,
            Batcher batcher) {
        this.groupId = groupId;
        this.self = self;
        this.division = division;
        this.machine = machine;
        this.forwarder = forwarder;
        this.batcher = batcher;
    }

    @Override
    public ReadIndex.@Nullable Reign reign() {
        KeyspaceStateMachine here = machine.get();
        RaftServer.Division group = division.get();
        if (here == null || group == null || group.getStateMachine() != here) {
            return null;
        }
        // A node that leads, and has executed the first entry of its term, executes nothing of
        // another term while it does. The term that Ratis tells may be the next one already.
        long term = here.getLastAppliedTermIndex().getTerm();
        if (!group.getInfo().isLeaderReady()
                || here.getLastAppliedTermIndex().getTerm() != term
                || term(group) != term) {
            return null;
        }
        Replica data = here.replica();
        return new ReadIndex.Reign(
                term,
                self.toString(),
                voters(group.getRaftConf()),
                part -> answer(data, part, () -> here.getLastAppliedTermIndex().getTerm() == term));
    }

    private static ReadIndex.Voters voters(RaftConfiguration members) {
        return new ReadIndex.Voters(
                ids(members.getCurrentPeers()), ids(members.getPreviousPeers()));
    }

    private static Set<String> ids(Collection<RaftPeer> peers) {
        return peers.stream().map(peer -> peer.getId().toString()).collect(Collectors.toSet());
    }

    /** The term that a group is in here; negative where it is not open. */
    static long term(RaftServer.@Nullable Division group) {
        if (group == null) {
            return -1;
        }
        // In this order: a group that was closed may be open anew, and in a later term.
        DivisionInfo info = group.getInfo();
        long term = info.getCurrentTerm();
        return info.isAlive() ? term : -1;
    }

    /** Answers a part from memory; false when its data has been replaced or closed meanwhile. */
    static boolean answer(Replica data, Part part) {
        return answer(data, part, () -> true);
    }

    /**
     * Answers a part with what a leader has executed by now; false when its data has been replaced
     * or closed, or its reign has ended.
     *
     * @param reigns whether nothing was executed of a later term. A node that follows a later
     *     leader may execute what that one has decided and not executed yet: who were told of it
     *     here would miss it there
     */
    static boolean answer(Replica data, Part part, BooleanSupplier reigns) {
        try {
            List<Reply> replies = data.read(part.commands(), part.maxBytes());
            // What was read counts before the term that it is of is looked at.
            VarHandle.loadLoadFence();
            if (!reigns.getAsBoolean()) {
                return false;
            }
            part.answer(replies);
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    @Override
    public CompletableFuture<Boolean> isIn(long term, String node) {
        return forwarder
                .send(node, groupId, ForwardCodec.askTerm())
                .thenApply(
                        answer -> {
                            ForwardCodec.Term said = ForwardCodec.readTerm(answer);
                            if (said == null) {
                                throw new ClusterException(
                                        "Node %s does not say its term.".formatted(node));
                            }
                            return said.term() == term && node.equals(Integer.toString(said.id()));
                        });
    }

    @Override
    public void log(Part part) {
        batcher.addCounted(part);
    }
}
