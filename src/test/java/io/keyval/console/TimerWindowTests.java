package io.keyval.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimerWindowTests {

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Timer ok = timer("ok");
    private final Timer miss = timer("miss");
    private final TimerWindow window = new TimerWindow();

    private Timer timer(String outcome) {
        return Timer.builder("some")
                .tag("outcome", outcome)
                .serviceLevelObjectives(
                        Duration.ofMillis(1), Duration.ofMillis(10), Duration.ofMillis(100))
                .register(registry);
    }

    private TimerWindow.Reading look() {
        return window.look(List.of(ok, miss), 2);
    }

    @Test
    void whenItLooksForTheFirstTimeThenItTellsNothing() {
        ok.record(Duration.ofMillis(5));
        assertThat(look()).isEqualTo(TimerWindow.Reading.NONE);
    }

    @Test
    void whenItLooksAgainThenItTellsOnlyWhatHasBeenRecordedSince() {
        ok.record(Duration.ofMillis(90));
        look();
        for (int i = 0; i < 99; i++) {
            (i % 2 == 0 ? ok : miss).record(Duration.ofMillis(5));
        }
        miss.record(Duration.ofMillis(50));

        TimerWindow.Reading reading = look();

        assertThat(reading.rate()).isEqualTo(50);
        assertThat(reading.p50()).isBetween(5000.0, 6000.0);
        assertThat(reading.p99()).isBetween(9000.0, 10_000.0);
        assertThat(reading.p999()).isBetween(10_000.0, 90_000.0);
        assertThat(look().rate()).isZero();
        assertThat(look().p50()).isNaN();
    }

    @Test
    void whenATimerIsNewThenAllOfItCounts() {
        look();
        Timer late = timer("error");
        late.record(Duration.ofMillis(5));
        assertThat(window.look(List.of(ok, miss, late), 1).rate()).isEqualTo(1);
    }
}
