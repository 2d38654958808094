package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WorkQueueTests {

    private static final int BOUND = 100;

    private final WorkQueue queue = new WorkQueue(BOUND);

    @Test
    void whenItIsFullThenWhoMustNotWaitDoesNot() {
        fill();
        assertThat(queue.addNow(work(50))).isTrue();
        assertThat(take()).hasSize(2);
        assertThat(queue.isFull()).isFalse();
    }

    @Test
    void whenItIsFullThenTheOthersWaitForRoom() throws Exception {
        fill();
        CompletableFuture<Boolean> added = new CompletableFuture<>();
        Thread adding = Thread.ofPlatform().start(() -> added.complete(queue.add(work(50))));
        await().until(() -> adding.getState() == Thread.State.WAITING);
        assertThat(take()).hasSize(1);
        assertThat(added.get(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whenItIsClosedThenNothingIsTakenInAndNobodyWaits() throws Exception {
        fill();
        CompletableFuture<Boolean> added = new CompletableFuture<>();
        Thread adding = Thread.ofPlatform().start(() -> added.complete(queue.add(work(50))));
        await().until(() -> adding.getState() == Thread.State.WAITING);
        queue.close();
        assertThat(added.get(20, TimeUnit.SECONDS)).isFalse();
        assertThat(queue.addNow(work(1))).isFalse();
        assertThat(take()).hasSize(1);
    }

    private void fill() {
        assertThat(queue.add(work(BOUND + 1))).isTrue();
        assertThat(queue.isFull()).isTrue();
    }

    private ArrayDeque<LogWork> take() {
        ArrayDeque<LogWork> taken = new ArrayDeque<>();
        assertThat(queue.take(taken, Integer.MAX_VALUE, () -> 0)).isTrue();
        return taken;
    }

    private static LogWork work(int bytes) {
        return new LogWork.Frames(ByteBuffer.allocate(bytes), null, null);
    }
}
