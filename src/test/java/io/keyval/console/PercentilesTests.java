package io.keyval.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PercentilesTests {

    private static final double[] BOUNDS = {100, 200, 400};

    @ParameterizedTest
    @CsvSource({"0.25, 50", "0.5, 100", "0.75, 150", "1, 200"})
    void whenAllLieInTwoBucketsThenTheyAreTakenAsEvenlySpread(double quantile, double value) {
        assertThat(Percentiles.at(quantile, BOUNDS, new long[] {10, 20, 20}, 20, 1000))
                .isCloseTo(value, within(1e-9));
    }

    @Test
    void whenABucketIsEmptyThenNoPercentileLiesInIt() {
        assertThat(Percentiles.at(0.5, BOUNDS, new long[] {0, 0, 4}, 4, 1000)).isEqualTo(300);
    }

    @Test
    void whenTheSlowestIsKnownThenNoPercentileIsSlower() {
        assertThat(Percentiles.at(0.999, BOUNDS, new long[] {0, 0, 4}, 4, 210))
                .isBetween(209.0, 210.0);
    }

    @Test
    void whenSomeAreBeyondTheLastBucketThenTheSlowestStandsForThem() {
        assertThat(Percentiles.at(0.99, BOUNDS, new long[] {5, 5, 5}, 10, 9000)).isEqualTo(9000);
    }

    @Test
    void whenNothingWasCountedThenThereIsNoPercentile() {
        assertThat(Percentiles.at(0.5, BOUNDS, new long[] {0, 0, 0}, 0, 9000)).isNaN();
        assertThat(Percentiles.at(0.5, new double[0], new long[0], 3, 9000)).isNaN();
    }
}
