package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LinkRunTests {

    private static final byte[] LAST = {1};
    private static final Duration AN_HOUR = Duration.ofHours(1);

    private final LinkRun run = new LinkRun();
    private final AtomicReference<@Nullable Thread> worker = new AtomicReference<>();

    @Test
    void whenItIsStoppedThenItsThreadHasEndedEvenInAPause() {
        start(() -> run.sleep(AN_HOUR));
        awaitWaiting();

        run.stop(LAST);

        assertThat(worker.get().isAlive()).isFalse();
        assertThat(run.isRunning()).isFalse();
        assertThat(run.isTaking()).isFalse();
        assertThat(run.lastWord()).isEqualTo(LAST);
    }

    @Test
    void whenAnInterruptedThreadStopsItThenThatStaysInterrupted() {
        AtomicBoolean done = new AtomicBoolean();
        start(() -> run.awaitUntil(done::get));
        awaitWaiting();
        Thread stopper = Thread.currentThread();
        stopper.interrupt();
        Thread.ofVirtual()
                .start(
                        () -> {
                            await().until(() -> !stopper.isInterrupted());
                            finish(done);
                        });

        run.stop(LAST);

        assertThat(Thread.interrupted()).isTrue();
        assertThat(worker.get().isAlive()).isFalse();
    }

    @Test
    void whenThereIsNewsThenTheWaitEndsOnce() {
        AtomicBoolean news = new AtomicBoolean();
        start(() -> run.awaitNews(() -> !news.get(), AN_HOUR.toMillis()));
        awaitWaiting();

        finish(news);

        await().until(() -> !worker.get().isAlive());
        run.awaitNews(() -> !news.get(), AN_HOUR.toMillis());
        assertThat(run.isRunning()).isTrue();
    }

    @Test
    void whenAWaitIsInterruptedThenTheRunEndsAndTheWaitGoesOn() {
        AtomicBoolean done = new AtomicBoolean();
        start(() -> run.awaitUntil(done::get));
        awaitWaiting();

        worker.get().interrupt();

        await().until(() -> !run.isRunning());
        assertThat(worker.get().isAlive()).isTrue();
        assertThat(run.lastWord()).isNull();
        finish(done);
        await().until(() -> !worker.get().isAlive());
    }

    @Test
    void whenItIsFrozenThenItRunsAndTakesNothingUntilItIsThawed() {
        start(() -> run.sleep(AN_HOUR));
        run.freeze();
        assertThat(run.isRunning()).isTrue();
        assertThat(run.isTaking()).isFalse();
        run.thaw();
        assertThat(run.isTaking()).isTrue();
        run.stop(LAST);
    }

    private void start(Runnable work) {
        run.start(
                () -> {
                    worker.set(Thread.currentThread());
                    work.run();
                });
        await().until(() -> worker.get() != null);
    }

    private void awaitWaiting() {
        await().until(
                        () ->
                                worker.get().getState() == Thread.State.WAITING
                                        || worker.get().getState() == Thread.State.TIMED_WAITING);
    }

    private void finish(AtomicBoolean condition) {
        condition.set(true);
        run.wake();
    }
}
