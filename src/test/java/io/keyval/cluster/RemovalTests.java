package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** When a node counts as removed from a shard. */
class RemovalTests {

    private final AtomicInteger again = new AtomicInteger();
    private final Removal removal = new Removal(0, again::incrementAndGet);

    @Test
    void whenTheLeaderSaysTwiceThatItIsNoMemberThenItIsRemoved() {
        removal.heard(false, true, false);
        assertThat(removal.isRemoved()).isFalse();
        removal.heard(false, true, false);
        assertThat(removal.isRemoved()).isTrue();
    }

    @Test
    void whenItWasAMemberMeanwhileThenItIsNotRemoved() {
        removal.heard(false, true, false);
        removal.heard(true, true, false);
        removal.heard(false, true, false);
        assertThat(removal.isRemoved()).isFalse();
    }

    @Test
    void whenItIsBeingAddedAndDoesNotKnowYetThenThatDoesNotCount() {
        removal.heard(false, false, false);
        removal.heard(false, false, false);
        removal.heard(false, true, false);
        assertThat(removal.isRemoved()).isFalse();
    }

    @Test
    void whenARemovedNodeIsAMemberAgainOrLeadsThenThatIsToldOnce() {
        removal.heard(false, true, false);
        removal.heard(false, true, false);
        removal.heard(true, true, false);
        removal.heard(true, true, false);
        assertThat(removal.isRemoved()).isFalse();
        assertThat(again).hasValue(1);
    }

    @Test
    void whenTheShardWasClosedHereThenOnceIsEnough() {
        removal.heard(false, true, true);
        assertThat(removal.isRemoved()).isTrue();
    }
}
