package io.keyval.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class HistoryTests {

    private final History history = new History();

    private void add(int from, int to) {
        for (int time = from; time <= to; time++) {
            history.add(Sample.of(time, Map.of(Sample.Figure.GET, time / 3.0), Map.of()));
        }
    }

    @Test
    void whenSomebodyHasAllButTheNewestThenHeGetsThose() {
        add(1, 10);
        History.Part part = history.after(8);
        assertThat(part.last()).isEqualTo(10);
        assertThat(part.rows()).extracting(row -> row.get(0)).containsExactly(9L, 10L);
        assertThat(history.after(10).rows()).isEmpty();
        assertThat(history.after(11).rows()).isEmpty();
        assertThat(history.after(-1).rows()).hasSize(10);
    }

    @Test
    void whenThereIsMoreThanIsKeptThenTheOldestIsGone() {
        add(1, History.CAPACITY + 5);
        History.Part part = history.after(0);
        assertThat(part.rows()).hasSize(History.CAPACITY);
        assertThat(part.rows().getFirst().getFirst()).isEqualTo(6L);
        assertThat(part.last()).isEqualTo(History.CAPACITY + 5);
    }

    @Test
    void whenItIsKeptThenForFifteenMinutesAtLeast() {
        assertThat(Sampler.INTERVAL.multipliedBy(History.CAPACITY)).hasMinutes(20);
    }

    @Test
    void whenAFigureIsNotKnownThenItIsNull() {
        add(1, 1);
        History.Part part = history.after(0);
        assertThat(part.rows().getFirst()).hasSameSizeAs(part.columns());
        assertThat(part.rows().getFirst().get(part.columns().indexOf("GET"))).isEqualTo(0.3);
        assertThat(part.rows().getFirst().get(part.columns().indexOf("PUT"))).isNull();
    }
}
