package io.keyval.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FailedAttemptsTests {

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final FailedAttempts attempts = new FailedAttempts(now::get);

    @Test
    void whenAnAddressFailsTenTimesThenItWaitsUntilAMinuteHasPassed() {
        fail("10.0.0.1", FailedAttempts.MOST - 1);
        assertThat(isRefused("10.0.0.1")).isFalse();
        fail("10.0.0.1", 1);
        assertThat(isRefused("10.0.0.1")).isTrue();
        assertThat(isRefused("10.0.0.2")).isFalse();

        now.addAndGet(FailedAttempts.WINDOW.toNanos());
        assertThat(isRefused("10.0.0.1")).isTrue();
        now.addAndGet(1);
        assertThat(isRefused("10.0.0.1")).isFalse();
        fail("10.0.0.1", 1);
        assertThat(isRefused("10.0.0.1")).isFalse();
    }

    @Test
    void whenAnAddressKnowsTheSecretThenItsFailuresAreForgotten() {
        fail("10.0.0.1", FailedAttempts.MOST - 1);
        assertThat(attempts.attempt("10.0.0.1", () -> true)).isTrue();
        fail("10.0.0.1", FailedAttempts.MOST - 1);
        assertThat(isRefused("10.0.0.1")).isFalse();
    }

    @Test
    void whenAnAddressGuessesManyTimesAtOnceThenTenAreHeard() throws Exception {
        AtomicInteger heard = new AtomicInteger();
        CountDownLatch go = new CountDownLatch(1);
        try (ExecutorService guessers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 200; i++) {
                guessers.submit(
                        () -> {
                            go.await();
                            return attempts.attempt(
                                    "10.0.0.1",
                                    () -> {
                                        heard.incrementAndGet();
                                        Thread.yield();
                                        return false;
                                    });
                        });
            }
            go.countDown();
        }
        assertThat(heard).hasValue(FailedAttempts.MOST);
    }

    @Test
    void whenAddressesShareANetworkThenTheyCountAsOne() {
        for (int i = 0; i < FailedAttempts.MOST; i++) {
            fail("2001:db8:0:1::" + i, 1);
        }
        assertThat(isRefused("2001:db8:0:1::ffff")).isTrue();
        assertThat(isRefused("2001:db8:0:2::1")).isFalse();
    }

    @Test
    void whenThereAreManyAddressesThenTheOldestIsForgotten() {
        fail("10.1.0.1", FailedAttempts.MOST);
        for (int i = 0; i < 4096; i++) {
            fail("10.2.%d.%d".formatted(i / 256, i % 256), 1);
        }
        assertThat(isRefused("10.1.0.1")).isFalse();
    }

    private void fail(String address, int times) {
        for (int i = 0; i < times; i++) {
            assertThat(attempts.attempt(address, () -> false)).isFalse();
        }
    }

    /** Found out without an attempt that counts: the right secret would be heard, or not. */
    private boolean isRefused(String address) {
        boolean[] heard = new boolean[1];
        try {
            attempts.attempt(
                    address,
                    () -> {
                        heard[0] = true;
                        throw new NotCounted();
                    });
        } catch (TooManyAttemptsException e) {
            assertThat(heard[0]).isFalse();
            return true;
        } catch (NotCounted e) {
            return false;
        }
        throw new AssertionError("neither heard nor refused");
    }

    private static final class NotCounted extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
