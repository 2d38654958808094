package io.keyval.cluster;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.jspecify.annotations.Nullable;

/**
 * Who leads a shard, and so executes its commands: by the group itself where it is open here, by
 * what was last heard where it is not, and else whoever may know it, one after the other.
 * Thread-safe.
 */
final class Destinations {

    private final String self;
    private final KnownLeader known;
    private final Holders holders;
    private final Supplier<@Nullable DivisionInfo> here;

    /** Counts the nodes that were asked who leads. */
    private final AtomicInteger asked = new AtomicInteger();

    /**
     * The destinations of a shard.
     *
     * @param self the id of this node
     * @param here what this node has of the group, or null when it has nothing, or not yet
     */
    Destinations(
            String self,
            KnownLeader known,
            Holders holders,
            Supplier<@Nullable DivisionInfo> here) {
        this.self = self;
        this.known = known;
        this.holders = holders;
        this.here = here;
    }

    /** Whether this node leads the shard and may take writes. */
    boolean isHere() {
        DivisionInfo info = here.get();
        return info != null && info.isLeader() && info.isLeaderReady();
    }

    /** The id of the node that leads, or null when that is not known. */
    @Nullable String leader() {
        DivisionInfo info = here.get();
        return info != null && info.isAlive() ? leader(info) : otherLeader();
    }

    private static @Nullable String leader(DivisionInfo info) {
        RaftPeerId leader = info.getLeaderId();
        return leader == null ? null : leader.toString();
    }

    /** The node that was last said to lead; null when that is this one, which does not any more. */
    private @Nullable String otherLeader() {
        String leader = known.id();
        return self.equals(leader) ? null : leader;
    }

    /** Where a command is sent at the moment. */
    Batcher.Destination now() {
        DivisionInfo info = here.get();
        if (info == null || !info.isAlive()) {
            String leader = otherLeader();
            return leader == null ? anybody() : new Batcher.Destination.There(leader);
        }
        if (info.isLeader()) {
            return info.isLeaderReady() ? Batcher.Destination.HERE : Batcher.Destination.NOWHERE;
        }
        String leader = leader(info);
        return leader == null || leader.equals(self) || isClosedAt(leader)
                ? Batcher.Destination.NOWHERE
                : new Batcher.Destination.There(leader);
    }

    private boolean isClosedAt(String node) {
        return known.wasClosedAt(node, System.nanoTime());
    }

    /** A node that may know who leads. */
    private Batcher.Destination anybody() {
        List<String> others =
                holders.expected().stream()
                        .filter(member -> !member.equals(self) && !isClosedAt(member))
                        .toList();
        return others.isEmpty()
                ? Batcher.Destination.NOWHERE
                : new Batcher.Destination.There(
                        others.get(Math.floorMod(asked.getAndIncrement(), others.size())));
    }
}
