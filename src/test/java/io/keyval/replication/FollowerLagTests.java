package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FollowerLagTests {

    private final AtomicLong position = new AtomicLong();
    private final AtomicLong time = new AtomicLong(100);
    private final FollowerLag lag = new FollowerLag(position::get, time::get);

    @Test
    void whenNothingWasHeardThenNothingIsKnown() {
        assertThat(lag.age()).isNull();
        assertThat(lag.silence()).isNull();
        assertThat(lag.isCaughtUp()).isFalse();
        assertThat(lag.read()).isEqualTo(new FollowerLag.Reading(0, 0, 0, Duration.ZERO));
    }

    @Test
    void whenRecordsLackThenTheyAreCountedSinceTheyWereHeardOf() {
        position.set(3);
        lag.inStep();
        lag.leaderAt(5);
        lag.behindBy(70);
        time.set(150);

        assertThat(lag.isCaughtUp()).isFalse();
        assertThat(lag.age()).isNull();
        assertThat(lag.read()).isEqualTo(new FollowerLag.Reading(5, 2, 70, Duration.ofNanos(50)));
    }

    @Test
    void whenTheyCameThenTheDataAreAsOldAsTheWordThatNamedThem() {
        position.set(3);
        lag.inStep();
        lag.leaderAt(5);
        lag.behindBy(70);
        time.set(150);
        position.set(5);

        assertThat(lag.isCaughtUp()).isTrue();
        assertThat(lag.age()).isEqualTo(Duration.ofNanos(50));
        assertThat(lag.read()).isEqualTo(new FollowerLag.Reading(5, 0, 0, Duration.ZERO));
    }

    @Test
    void whenTheLeaderGoesOnThenTheFirstWordIsAwaitedBeforeALaterOne() {
        lag.inStep();
        lag.leaderAt(5);
        time.set(150);
        lag.leaderAt(9);
        position.set(7);
        time.set(160);

        assertThat(lag.age()).isEqualTo(Duration.ofNanos(60));
        assertThat(lag.isCaughtUp()).isFalse();
    }

    @Test
    void whenThisNodeIsAheadOfTheLastWordThenItIsNotBehind() {
        lag.inStep();
        lag.leaderAt(5);
        position.set(8);

        assertThat(lag.isCaughtUp()).isTrue();
        assertThat(lag.read()).isEqualTo(new FollowerLag.Reading(8, 0, 0, Duration.ZERO));
    }

    @Test
    void whenTheLogIsToBeReplacedThenNothingInItCounts() {
        position.set(9);
        lag.inStep();
        lag.outOfStep();
        lag.leaderAt(5);

        assertThat(lag.isCaughtUp()).isFalse();
        assertThat(lag.age()).isNull();
        assertThat(lag.read().records()).isEqualTo(5);

        position.set(5);
        lag.inStep();
        time.set(130);

        assertThat(lag.isCaughtUp()).isTrue();
        assertThat(lag.age()).isEqualTo(Duration.ofNanos(30));
    }

    @Test
    void whenTheLeaderSpokeThenItIsSilentSince() {
        lag.heard(100);
        time.set(140);
        assertThat(lag.silence()).isEqualTo(Duration.ofNanos(40));
    }
}
