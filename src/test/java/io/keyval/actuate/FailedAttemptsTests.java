package io.keyval.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FailedAttemptsTests {

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final FailedAttempts attempts = new FailedAttempts(now::get);

    @Test
    void whenAnAddressFailsTenTimesThenItWaitsUntilAMinuteHasPassed() {
        fail("10.0.0.1", FailedAttempts.MOST - 1);
        assertThat(attempts.areTooMany("10.0.0.1")).isFalse();
        fail("10.0.0.1", 1);
        assertThat(attempts.areTooMany("10.0.0.1")).isTrue();
        assertThat(attempts.areTooMany("10.0.0.2")).isFalse();

        now.addAndGet(FailedAttempts.WINDOW.toNanos());
        assertThat(attempts.areTooMany("10.0.0.1")).isTrue();
        now.addAndGet(1);
        assertThat(attempts.areTooMany("10.0.0.1")).isFalse();
        fail("10.0.0.1", 1);
        assertThat(attempts.areTooMany("10.0.0.1")).isFalse();
    }

    @Test
    void whenAnAddressKnowsTheSecretThenItsFailuresAreForgotten() {
        fail("10.0.0.1", FailedAttempts.MOST - 1);
        attempts.succeeded("10.0.0.1");
        fail("10.0.0.1", FailedAttempts.MOST - 1);
        assertThat(attempts.areTooMany("10.0.0.1")).isFalse();
    }

    @Test
    void whenAddressesShareANetworkThenTheyCountAsOne() {
        for (int i = 0; i < FailedAttempts.MOST; i++) {
            attempts.failed("2001:db8:0:1::" + i);
        }
        assertThat(attempts.areTooMany("2001:db8:0:1::ffff")).isTrue();
        assertThat(attempts.areTooMany("2001:db8:0:2::1")).isFalse();
    }

    @Test
    void whenThereAreManyAddressesThenTheOldestIsForgotten() {
        fail("10.1.0.1", FailedAttempts.MOST);
        for (int i = 0; i < 4096; i++) {
            attempts.failed("10.2.%d.%d".formatted(i / 256, i % 256));
        }
        assertThat(attempts.areTooMany("10.1.0.1")).isFalse();
    }

    private void fail(String address, int times) {
        for (int i = 0; i < times; i++) {
            attempts.failed(address);
        }
    }
}
