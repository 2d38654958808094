package io.keyval.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.wal.FsyncPolicy;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CompactorTests {

    private static final StoreSettings SETTINGS =
            new StoreSettings(
                    Path.of("data"),
                    "leader.log",
                    Role.LEADER,
                    FsyncPolicy.ALWAYS,
                    1000,
                    2.0,
                    100,
                    Long.MAX_VALUE);

    private final AtomicInteger runs = new AtomicInteger();

    @Test
    void whenTheLogIsLargerThanBothBoundsThenItIsCompacted() {
        Compactor compactor = new Compactor(SETTINGS, runs::incrementAndGet);
        compactor.start();
        compactor.consider(1000, 10);
        compactor.consider(5000, 2500);
        compactor.stop();
        assertThat(runs).hasValue(0);
        compactor.start();
        compactor.consider(1001, 10);
        compactor.stop();
        assertThat(runs).hasValue(1);
        compactor.start();
        compactor.consider(5001, 2500);
        compactor.stop();
        assertThat(runs).hasValue(2);
    }

    @Test
    void whenACompactionRunsThenNoSecondOneStartsAndStoppingWaitsForIt() throws Exception {
        CountDownLatch leave = new CountDownLatch(1);
        Compactor compactor =
                new Compactor(
                        SETTINGS,
                        () -> {
                            waitFor(leave);
                            runs.incrementAndGet();
                        });
        compactor.start();
        for (int i = 0; i < 100; i++) {
            compactor.consider(2000, 10);
        }
        Thread stopping = Thread.ofPlatform().start(compactor::stop);
        await().until(() -> stopping.getState() == Thread.State.WAITING);
        leave.countDown();
        stopping.join();
        assertThat(runs).hasValue(1);
        compactor.consider(2000, 10);
        assertThat(runs).hasValue(1);
    }

    @Test
    void whenACompactionFailsInAnyWayThenItIsTriedAgainWhenTheLogHasGrown() {
        Compactor compactor =
                new Compactor(
                        SETTINGS,
                        () -> {
                            if (runs.incrementAndGet() == 1) {
                                throw new StoreException("no room");
                            }
                            throw new IllegalStateException("a bug, as this test wants it");
                        });
        compactor.start();
        considerAndWait(compactor, 1600, 1);
        considerAndWait(compactor, 1700, 1);
        considerAndWait(compactor, 1701, 2);
        considerAndWait(compactor, 1701, 2);
        considerAndWait(compactor, 1900, 3);
    }

    private void considerAndWait(Compactor compactor, long logBytes, int expected) {
        compactor.consider(logBytes, 10);
        compactor.stop();
        assertThat(runs).hasValue(expected);
        compactor.start();
    }

    @Test
    void whenTheLogIsCompactedThenWhatIsKeptDoesNotMakeTheNextOneDue() {
        for (long live : new long[] {0, 1, 400, 500, 501, 1000, 100_000}) {
            long kept = SETTINGS.retain(live);
            assertThat(kept).isBetween(0L, 100L);
            assertThat(live + kept).isLessThanOrEqualTo(SETTINGS.threshold(live));
        }
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
