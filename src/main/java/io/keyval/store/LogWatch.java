package io.keyval.store;

import io.keyval.wal.LogFailedException;
import io.keyval.wal.Wal;
import io.keyval.wal.WalException;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks once a second whether the file of the log is still there, and has it written anew if not.
 */
final class LogWatch {

    private static final Logger log = LoggerFactory.getLogger(LogWatch.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final Supplier<Wal> current;
    private volatile @Nullable Thread thread;
    private @Nullable String told;

    LogWatch(Supplier<Wal> current) {
        this.current = current;
    }

    void start() {
        thread = Thread.ofVirtual().name("log-watch").start(this::run);
    }

    void stop() {
        Thread watching = thread;
        if (watching != null) {
            watching.interrupt();
        }
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(PAUSE);
                look();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void look() {
        try {
            Wal wal = current.get();
            if (wal.restoreIfGone()) {
                log.warn(
                        "The log {} was removed or renamed while the node runs; it was written anew, with all it held.",
                        wal.file());
            }
            told = null;
        } catch (LogFailedException e) {
            // It was told when it failed, or the node stops.
        } catch (WalException e) {
            if (!String.valueOf(e.getMessage()).equals(told)) {
                told = e.getMessage();
                log.error("{}", told);
            }
        } catch (RuntimeException e) {
            log.error("A look at the log failed; the next one follows.", e);
        }
    }
}
