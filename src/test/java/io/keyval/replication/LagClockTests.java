package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LagClockTests {

    private final LagClock clock = new LagClock();

    @Test
    void whenNothingWasWrittenThenNobodyIsBehind() {
        assertThat(clock.behind(0, 100)).isZero();
    }

    @Test
    void whenACopyHasEverythingThenItIsNotBehind() {
        clock.reached(5, 100);
        assertThat(clock.behind(5, 200)).isZero();
        assertThat(clock.behind(6, 200)).isZero();
    }

    @Test
    void whenACopyLacksRecordsThenItIsBehindSinceTheFirstOfThem() {
        clock.reached(5, 100);
        clock.reached(7, 150);
        clock.reached(9, 190);
        assertThat(clock.behind(4, 200)).isEqualTo(Duration.ofNanos(100));
        assertThat(clock.behind(5, 200)).isEqualTo(Duration.ofNanos(50));
        assertThat(clock.behind(6, 200)).isEqualTo(Duration.ofNanos(50));
        assertThat(clock.behind(8, 200)).isEqualTo(Duration.ofNanos(10));
    }

    @Test
    void whenTheLogStandsStillThenTheFirstTimeCounts() {
        clock.reached(5, 100);
        clock.reached(5, 180);
        assertThat(clock.behind(4, 200)).isEqualTo(Duration.ofNanos(100));
    }

    @Test
    void whenTheLogWasReplacedThenOldPositionsMeanNothing() {
        clock.reached(50, 100);
        clock.reached(7, 150);
        assertThat(clock.behind(20, 200)).isZero();
        assertThat(clock.behind(6, 200)).isEqualTo(Duration.ofNanos(50));
    }

    @Test
    void whenThereAreVeryManySamplesThenTheOldestStillCounts() {
        for (int i = 1; i <= 1_000_000; i++) {
            clock.reached(i, i);
        }
        assertThat(clock.behind(0, 1_000_000)).isEqualTo(Duration.ofNanos(999_999));
        assertThat(clock.behind(500_000, 1_000_000).toNanos()).isBetween(490_000L, 500_000L);
    }
}
