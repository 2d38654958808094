package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When a shard is given to the node that had best lead it. */
class LeadershipTests {

    private static final Instant SINCE = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant LATER = SINCE.plusSeconds(60);
    private static final Duration SILENCE = Duration.ofMillis(500);

    private static final ClusterView.PeerState READY =
            new ClusterView.PeerState(2, true, 1000L, 100L, 500L);

    private static ClusterView.Group led(
            @Nullable Instant since, List<ClusterView.PeerState> peers) {
        return new ClusterView.Group(
                0, "group", "leader", 3, 1, since, 1100, 1100, 0, 5, true, null, 1, 0, 0, 0, peers);
    }

    private static boolean isDue(ClusterView.PeerState... peers) {
        return Leadership.isDue(led(SINCE, List.of(peers)), 2, LATER, SILENCE);
    }

    @Test
    void whenTheBestNodeIsCloseAndAwakeThenItIsDue() {
        assertThat(isDue(READY)).isTrue();
        assertThat(isDue(new ClusterView.PeerState(3, true, null, null, null), READY)).isTrue();
    }

    @Test
    void whenThisNodeHasNotLedForLongThenItGoesOn() {
        List<ClusterView.PeerState> peers = List.of(READY);
        Instant soon = SINCE.plusSeconds(29);
        assertThat(Leadership.isDue(led(SINCE, peers), 2, soon, SILENCE)).isFalse();
        assertThat(Leadership.isDue(led(null, peers), 2, LATER, SILENCE)).isFalse();
    }

    @Test
    void whenTheBestNodeCannotLeadThenItIsNotDue() {
        assertThat(isDue()).as("it holds it no more").isFalse();
        assertThat(isDue(new ClusterView.PeerState(3, true, 1000L, 0L, 0L)))
                .as("another node could")
                .isFalse();
        assertThat(isDue(new ClusterView.PeerState(2, false, 1000L, 0L, 0L)))
                .as("it has no vote")
                .isFalse();
        assertThat(isDue(new ClusterView.PeerState(2, true, 1000L, 101L, 0L)))
                .as("it lacks entries")
                .isFalse();
        assertThat(isDue(new ClusterView.PeerState(2, true, null, null, 0L)))
                .as("what it has is not known")
                .isFalse();
        assertThat(isDue(new ClusterView.PeerState(2, true, 1000L, 0L, 501L)))
                .as("it was not heard")
                .isFalse();
        assertThat(isDue(new ClusterView.PeerState(2, true, 1000L, 0L, null)))
                .as("when it was heard is not known")
                .isFalse();
    }
}
