package io.keyval.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.replication.FollowerStatus;
import io.keyval.replication.LinkStatus;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

class ReplicationHealthTests {

    @Test
    void whenALeaderHasFollowersThenItCountsThem() {
        Health health =
                ReplicationHealthIndicator.leader(List.of(follower(2, 7), follower(3, 9)), null)
                        .build();
        assertThat(health.getStatus()).isEqualTo(Status.UP);
        assertThat(health.getDetails())
                .containsEntry("followers", 2)
                .containsEntry("largestLagRecords", 9L);
    }

    @Test
    void whenWritesLackAcknowledgementsThenTheLeaderIsDegradedAndSaysWhy() {
        Health health = ReplicationHealthIndicator.leader(List.of(), "nobody is there").build();
        assertThat(health.getStatus()).isEqualTo(Degraded.STATUS);
        assertThat(health.getDetails()).containsEntry("reason", "nobody is there");
    }

    @Test
    void whenTheLinkStreamsThenAFollowerIsUp() {
        assertThat(status(LinkStatus.State.STREAMING, true, true)).isEqualTo(Status.UP);
    }

    @ParameterizedTest
    @EnumSource(names = {"CONNECTING", "JOINING", "SYNCING", "REFUSED"})
    void whenTheLinkDoesNotStreamThenAFollowerServesWhatItHas(LinkStatus.State state) {
        assertThat(status(state, true, true)).isEqualTo(Degraded.STATUS);
    }

    @ParameterizedTest
    @EnumSource(names = {"CONNECTING", "JOINING", "SYNCING", "REFUSED"})
    void whenThereWasNoSyncYetThenAFollowerIsNotReady(LinkStatus.State state) {
        assertThat(status(state, false, true)).isEqualTo(Status.OUT_OF_SERVICE);
    }

    @ParameterizedTest
    @EnumSource(names = {"CONNECTING", "STREAMING"})
    void whenReadsWouldBeOlderThanAllowedThenAFollowerIsNotReady(LinkStatus.State state) {
        assertThat(status(state, true, false)).isEqualTo(Status.OUT_OF_SERVICE);
    }

    @Test
    void whenALeaderWasSupersededThenItSaysByWhom() {
        Health health = ReplicationHealthIndicator.follower(null, "by 2", true, true).build();
        assertThat(health.getStatus()).isEqualTo(Degraded.STATUS);
        assertThat(health.getDetails()).containsEntry("reason", "by 2");
    }

    private static Status status(LinkStatus.State state, boolean synced, boolean fresh) {
        LinkStatus link =
                new LinkStatus("h:1", state, "why", 10, 3, 99, Duration.ofSeconds(1), null, 0, 0);
        return ReplicationHealthIndicator.follower(link, null, synced, fresh).build().getStatus();
    }

    private static FollowerStatus follower(int id, long lag) {
        return new FollowerStatus(
                id,
                "h:1",
                FollowerStatus.State.STREAMING,
                10,
                lag,
                99,
                Duration.ofSeconds(1),
                0,
                0);
    }
}
