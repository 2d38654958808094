package io.keyval.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FsyncTests {

    @Test
    void whenItIsAWordThenItIsThatPolicy() {
        assertThat(Fsync.of("always")).isEqualTo(new Fsync(Fsync.Kind.ALWAYS, Duration.ZERO));
        assertThat(Fsync.of("never")).isEqualTo(new Fsync(Fsync.Kind.NEVER, Duration.ZERO));
        assertThat(Fsync.of(" Always ").kind()).isEqualTo(Fsync.Kind.ALWAYS);
    }

    @ParameterizedTest
    @CsvSource({"1s,1000", "250ms,250", "100,100", "PT2S,2000", "1m,60000"})
    void whenItIsATimeThenItIsAnInterval(String text, long millis) {
        assertThat(Fsync.of(text))
                .isEqualTo(new Fsync(Fsync.Kind.INTERVAL, Duration.ofMillis(millis)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"often", "", "1 fortnight", "1s2s", "99999999999999999999s"})
    void whenItIsNeitherThenTheSentenceNamesAllThree(String text) {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> Fsync.of(text))
                .withMessage(
                        "keyval.wal.fsync must be always, never or an interval such as 1s, but is '"
                                + text
                                + "'.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0s", "0", "-1s"})
    void whenTheIntervalIsNoTimeThenItIsRefused(String text) {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> Fsync.of(text))
                .withMessageStartingWith("keyval.wal.fsync must be longer than 0, but is ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "never", "1s", "250ms", "60s"})
    void whenItIsPrintedThenItReadsAsItIsWritten(String text) {
        assertThat(Fsync.of(text)).hasToString(text);
    }
}
