package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Where node 1 of the nodes 1, 2 and 3 sends the commands of a shard. */
class DestinationsTests {

    /** What was heard then counts for as long as a test takes. */
    private static final long LATER = System.nanoTime() + Duration.ofHours(1).toNanos();

    private final KnownLeader known = new KnownLeader("1");
    private final Holders holders = new Holders(List.of("1", "2", "3"), () -> null);
    private @Nullable DivisionInfo here;
    private final Destinations destinations = new Destinations("1", known, holders, () -> here);

    /** What Ratis says of the shard at this node. */
    private record Here(RaftPeerRole role, boolean ready, @Nullable String leader, boolean alive)
            implements DivisionInfo {

        @Override
        public RaftPeerRole getCurrentRole() {
            return role;
        }

        @Override
        public boolean isLeaderReady() {
            return ready;
        }

        @Override
        public @Nullable RaftPeerId getLeaderId() {
            return leader == null ? null : RaftPeerId.valueOf(leader);
        }

        @Override
        public LifeCycle.State getLifeCycleState() {
            return alive ? LifeCycle.State.RUNNING : LifeCycle.State.CLOSED;
        }

        @Override
        public RoleInfoProto getRoleInfoProto() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long getCurrentTerm() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long getLastAppliedIndex() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long[] getFollowerNextIndices() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long[] getFollowerMatchIndices() {
            throw new UnsupportedOperationException();
        }
    }

    private static Batcher.Destination there(String node) {
        return new Batcher.Destination.There(node);
    }

    private void follow(@Nullable String leader) {
        here = new Here(RaftPeerRole.FOLLOWER, false, leader, true);
    }

    @Test
    void whenThisNodeLeadsThenTheyStayHereAsSoonAsItIsReady() {
        here = new Here(RaftPeerRole.LEADER, false, "1", true);
        assertThat(destinations.now()).isEqualTo(Batcher.Destination.NOWHERE);
        assertThat(destinations.isHere()).isFalse();
        here = new Here(RaftPeerRole.LEADER, true, "1", true);
        assertThat(destinations.now()).isEqualTo(Batcher.Destination.HERE);
        assertThat(destinations.isHere()).isTrue();
        assertThat(destinations.leader()).isEqualTo("1");
    }

    @Test
    void whenThisNodeFollowsThenTheyGoToTheLeaderWhateverWasHeard() {
        known.changed("3");
        follow("2");
        assertThat(destinations.now()).isEqualTo(there("2"));
        assertThat(destinations.leader()).isEqualTo("2");
        assertThat(destinations.isHere()).isFalse();
    }

    @Test
    void whenThereIsNoLeaderThenTheyGoNowhere() {
        known.changed("3");
        follow(null);
        assertThat(destinations.now()).isEqualTo(Batcher.Destination.NOWHERE);
        assertThat(destinations.leader()).isNull();
    }

    @Test
    void whenTheGroupTakesThisNodeForTheLeaderAndItIsNotThenTheyAreNotSentToItself() {
        follow("1");
        assertThat(destinations.now()).isEqualTo(Batcher.Destination.NOWHERE);
    }

    @Test
    void whenTheLeaderHasSaidThatTheShardIsClosedThereThenTheyAreNotSentToIt() {
        follow("2");
        known.isClosedAt("2", LATER);
        assertThat(destinations.now()).isEqualTo(Batcher.Destination.NOWHERE);
        known.changed("2");
        assertThat(destinations.now()).isEqualTo(there("2"));
    }

    @Test
    void whenTheShardIsElsewhereThenTheyGoToWhomWasLastSaidToLead() {
        known.told("3");
        assertThat(destinations.now()).isEqualTo(there("3"));
        assertThat(destinations.leader()).isEqualTo("3");
    }

    @Test
    void whenTheShardIsClosedHereThenWhatWasHeardCountsAndNotThisNode() {
        known.changed("1");
        here = new Here(RaftPeerRole.LEADER, false, "1", false);
        assertThat(destinations.leader()).isNull();
        assertThat(destinations.now()).isEqualTo(there("2"));
        known.told("3");
        assertThat(destinations.now()).isEqualTo(there("3"));
    }

    @Test
    void whenNothingWasHeardThenTheOthersAreAskedInTurnButWhoHasItClosed() {
        assertThat(destinations.now()).isEqualTo(there("2"));
        assertThat(destinations.now()).isEqualTo(there("3"));
        assertThat(destinations.now()).isEqualTo(there("2"));
        known.isClosedAt("3", LATER);
        assertThat(destinations.now()).isEqualTo(there("2"));
        assertThat(destinations.now()).isEqualTo(there("2"));
        known.isClosedAt("2", LATER);
        assertThat(destinations.now()).as("the latest one that said so").isEqualTo(there("3"));
    }

    @Test
    void whenNobodyElseHoldsItThenTheyGoNowhere() {
        Holders alone = new Holders(List.of("1"), () -> null);
        assertThat(new Destinations("1", known, alone, () -> null).now())
                .isEqualTo(Batcher.Destination.NOWHERE);
    }
}
