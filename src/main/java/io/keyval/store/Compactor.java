package io.keyval.store;

import io.keyval.wal.WalException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts a compaction on a thread of its own when the log has outgrown its threshold. */
final class Compactor {

    private static final Logger log = LoggerFactory.getLogger(Compactor.class);

    /** After one that failed, the log grows by this part of its size before the next try. */
    private static final int RETRY_GROWTH = 16;

    private final StoreSettings settings;
    private final Runnable compaction;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile boolean running;
    private volatile long retryAbove;
    private volatile @Nullable Thread thread;

    Compactor(StoreSettings settings, Runnable compaction) {
        this.settings = settings;
        this.compaction = compaction;
    }

    void start() {
        running = true;
    }

    /** Waits for a compaction that runs; it ends soon where the log was told to give it up. */
    void stop() {
        running = false;
        Thread last = thread;
        while (last != null && last.isAlive()) {
            try {
                last.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Called after writes; cheap when there is nothing to do. */
    void consider(long logBytes, long liveBytes) {
        if (logBytes > settings.threshold(liveBytes)
                && logBytes > retryAbove
                && running
                && busy.compareAndSet(false, true)) {
            thread = Thread.ofPlatform().daemon().name("wal-compaction").start(() -> run(logBytes));
        }
    }

    private void run(long logBytes) {
        try {
            compaction.run();
            retryAbove = 0;
        } catch (WalException | StoreException e) {
            retryAbove = logBytes + logBytes / RETRY_GROWTH;
            log.warn("{}", e.getMessage());
        } catch (RuntimeException e) {
            retryAbove = logBytes + logBytes / RETRY_GROWTH;
            log.error("A compaction was given up, the log is as it was.", e);
        } finally {
            busy.set(false);
        }
    }
}
