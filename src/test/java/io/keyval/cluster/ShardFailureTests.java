package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;

/** When a shard that failed here is open again. */
class ShardFailureTests {

    private final Semaphore mended = new Semaphore(0);
    private final ShardFailure failure = new ShardFailure(3, () -> null, () -> {});

    ShardFailureTests() {
        failure.mendBy(mended::release);
    }

    @Test
    void whenTheLogFailsThenTheShardIsMendedOnceUntilItIsOpenAgain() throws InterruptedException {
        failure.endUntilMended("Shard 3 was closed here: no room");
        failure.endUntilMended("Shard 3 was closed here: no room");

        mended.acquire();
        assertThat(failure.isMending()).isTrue();
        assertThat(failure.reason()).isEqualTo("Shard 3 was closed here: no room");

        failure.retry();
        assertThat(failure.over()).isTrue();
        assertThat(failure.isMending()).isFalse();
        assertThat(failure.reason()).isNull();
        assertThat(mended.tryAcquire()).isFalse();
    }

    @Test
    void whenTheLogFailsAgainWhileItIsOpenedThenItIsNotOpen() throws InterruptedException {
        failure.endUntilMended("Shard 3 was closed here: no room");
        mended.acquire();
        failure.retry();

        failure.endUntilMended("Shard 3 was closed here: no room");

        assertThat(failure.over()).isFalse();
        assertThat(failure.isMending()).isTrue();
        assertThat(failure.reason()).contains("no room");

        failure.retry();
        assertThat(failure.over()).isTrue();
    }

    @Test
    void whenTheShardEndsWhileItIsOpenedThenItIsNotOpen() throws InterruptedException {
        failure.endUntilMended("Shard 3 was closed here: no room");
        mended.acquire();
        failure.retry();

        failure.end("Shard 3 ended here: it is broken");

        assertThat(failure.over()).isFalse();
    }

    @Test
    void whenTheShardEndsForGoodWhileItIsMendedThenItStaysClosed() throws InterruptedException {
        failure.endUntilMended("Shard 3 was closed here: no room");
        mended.acquire();

        failure.end("Shard 3 ended here: its log cannot be relied on");

        assertThat(failure.isMending()).isFalse();
        assertThat(failure.reason()).isEqualTo("Shard 3 ended here: its log cannot be relied on");
        failure.retry();
        assertThat(failure.over()).isFalse();
    }

    @Test
    void whenTheLogFailsBeforeTheShardIsOpenThenItIsMendedWhenItIs() throws InterruptedException {
        ShardFailure early = new ShardFailure(4, () -> null, () -> {});
        early.endUntilMended("Shard 4 was closed here: no room");
        assertThat(early.isMending()).isTrue();

        early.mendBy(mended::release);

        mended.acquire();
    }

    @Test
    void whenTheLogFailsAfterItWasOpenAgainThenItIsMendedAnew() throws InterruptedException {
        failure.endUntilMended("Shard 3 was closed here: no room");
        mended.acquire();
        failure.retry();
        failure.over();

        failure.endUntilMended("Shard 3 was closed here: still no room");

        mended.acquire();
        assertThat(failure.reason()).contains("still no room");
    }

    @Test
    void whenTheShardEndedForGoodThenItIsNotMended() {
        failure.end("Shard 3 ended here: it is broken");
        failure.endUntilMended("Shard 3 was closed here: no room");

        assertThat(failure.isMending()).isFalse();
        assertThat(failure.reason()).isEqualTo("Shard 3 ended here: it is broken");
        assertThat(mended.tryAcquire()).isFalse();
    }
}
