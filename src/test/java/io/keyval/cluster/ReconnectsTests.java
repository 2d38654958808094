package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.ratis.protocol.RaftPeerId;
import org.junit.jupiter.api.Test;

/** Whose connections are opened anew, and how often. */
class ReconnectsTests {

    private static final RaftPeerId TWO = RaftPeerId.valueOf("2");
    private static final RaftPeerId THREE = RaftPeerId.valueOf("3");

    private final Reconnects reconnects =
            new Reconnects(List.of(), RaftPeerId.valueOf("1"), Duration.ofMillis(500), _ -> {});

    @Test
    void whenANodeDoesNotAnswerThenItsConnectionIsOpenedAnewOnceInThatTime() {
        assertThat(reconnects.due(Set.of(TWO), at(0))).isEmpty();
        assertThat(reconnects.due(Set.of(TWO), at(1999))).isEmpty();
        assertThat(reconnects.due(Set.of(TWO), at(2000))).containsExactly(TWO);
        assertThat(reconnects.due(Set.of(TWO), at(3900))).isEmpty();
        assertThat(reconnects.due(Set.of(TWO), at(4000))).containsExactly(TWO);
    }

    @Test
    void whenANodeAnsweredMeanwhileThenItIsGivenTheWholeTimeAgain() {
        assertThat(reconnects.due(Set.of(TWO, THREE), at(0))).isEmpty();
        assertThat(reconnects.due(Set.of(THREE), at(1000))).isEmpty();
        assertThat(reconnects.due(Set.of(TWO, THREE), at(2000))).containsExactly(THREE);
        assertThat(reconnects.due(Set.of(TWO, THREE), at(4000)))
                .containsExactlyInAnyOrder(TWO, THREE);
    }

    @Test
    void whenTheClockOfTheMachineTurnsOverThenNothingChanges() {
        long late = Long.MAX_VALUE - 10;
        assertThat(reconnects.due(Set.of(TWO), late)).isEmpty();
        assertThat(reconnects.due(Set.of(TWO), late + at(2000))).containsExactly(TWO);
    }

    private static long at(long millis) {
        return Duration.ofMillis(millis).toNanos();
    }
}
