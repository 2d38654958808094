package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a node keeps in mind of who leads. */
class KnownLeaderTests {

    private final KnownLeader known = new KnownLeader("1");

    @Test
    void whenTheShardIsClosedAtANodeThenThatNodeIsSparedForAWhile() {
        known.isClosedAt("1", 0);
        assertThat(known.wasClosedAt("1", 1)).isTrue();
        assertThat(known.wasClosedAt("2", 1)).isFalse();
        assertThat(known.wasClosedAt("1", Duration.ofMinutes(1).toNanos())).isFalse();
    }

    @Test
    void whenALeaderIsToldThenNoNodeIsSpared() {
        known.isClosedAt("1", 0);
        known.changed("1");
        assertThat(known.wasClosedAt("1", 1)).isFalse();
    }

    @Test
    void whenTheLeaderIsForgottenThenAnotherOneMayBeTold() {
        known.changed("1");
        known.forget();
        assertThat(known.id()).isNull();
        known.told("2");
        assertThat(known.id()).isEqualTo("2");
        assertThat(known.changes()).isEqualTo(1);
    }

    @Test
    void whenThisNodeIsChosenThenThatHoldsUntilAnotherOneLeads() {
        assertThat(known.isChosen()).isFalse();
        known.choose();
        known.changed("1");
        known.forget();
        known.changed("1");
        assertThat(known.isChosen()).isTrue();
        known.changed("2");
        assertThat(known.isChosen()).isFalse();
        known.changed("1");
        assertThat(known.isChosen()).as("it leads again, by itself").isFalse();
    }
}
