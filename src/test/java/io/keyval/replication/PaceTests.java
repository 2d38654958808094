package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTests {

    @Test
    void whenSomethingWasSentThenTheNextWaitsForTheEndOfThatMomentAndNoLonger() throws Exception {
        long moment = Duration.ofMillis(20).toNanos();
        Pace pace = new Pace(Duration.ofNanos(moment));
        for (int i = 0; i < 5; i++) {
            long begun = System.nanoTime();
            pace.sent();
            pace.await();
            long ended = System.nanoTime();
            assertThat(Math.floorDiv(ended, moment)).isGreaterThan(Math.floorDiv(begun, moment));
            pace.await();
        }
    }

    @Test
    void whenThereIsNoMomentThenNothingWaits() throws Exception {
        Pace pace = new Pace(Duration.ZERO);
        for (int i = 0; i < 1_000_000; i++) {
            pace.sent();
            pace.await();
        }
    }
}
