package io.keyval.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which metrics an expression reads. */
class PromQlTests {

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "up # up",
                "up{keyval_role=\"leader\"} == 0 # up",
                "rate(a_total[5m]) > 1e9 # a_total",
                "sum by (job, le) (rate(a_bucket{x=~\"b|c{}\"}[$__rate_interval])) # a_bucket",
                "max(a) / on (job) group_left () max by (job) (b) > 30 # a b",
                "a unless b or c and d offset 5m # a b c d",
                "count by (job) (last_over_time(up[1h])) # up",
                "histogram_quantile(0.99, a:b) < Inf # a:b",
            })
    void whenAnExpressionReadsMetricsThenTheyAreFound(String expression, String metrics) {
        assertThat(PromQl.metrics(expression)).containsExactly(metrics.split(" "));
    }
}
