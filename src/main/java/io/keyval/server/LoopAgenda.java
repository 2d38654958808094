package io.keyval.server;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * What the connections of one event loop put off. What they have to send goes out when all that was
 * ready has been read: as long as the loop reads, clients that wait for their replies do not
 * compete with it. Batches that find the log full are tried again, in their order. For the event
 * loop.
 */
final class LoopAgenda {

    private static final long AGAIN = Duration.ofMillis(2).toNanos();

    private final EventLoop loop;
    private final ArrayDeque<PeerHandler> unsent = new ArrayDeque<>();
    private final ArrayDeque<Runnable> refused = new ArrayDeque<>();
    private boolean timed;

    LoopAgenda(EventLoop loop) {
        this.loop = loop;
    }

    /** Sends what was written to a connection before the loop waits again. */
    void flushSoon(PeerHandler connection) {
        if (unsent.isEmpty()) {
            loop.execute(this::flush);
        }
        unsent.add(connection);
    }

    private void flush() {
        int count = unsent.size();
        try {
            for (int i = 0; i < count; i++) {
                unsent.remove().flush();
            }
        } finally {
            if (!unsent.isEmpty()) {
                loop.execute(this::flush);
            }
        }
    }

    /** Runs a task a little later, behind all that were put off before; it may come back. */
    void tryAgain(Runnable task) {
        refused.add(task);
        time();
    }

    private void time() {
        if (!timed) {
            timed = true;
            loop.schedule(this::tryRefused, AGAIN, TimeUnit.NANOSECONDS);
        }
    }

    /** Tries one after the other, until one has to wait again. */
    private void tryRefused() {
        timed = false;
        int count = refused.size();
        try {
            for (int left = count; left > 0 && refused.size() == left; left--) {
                refused.remove().run();
            }
        } finally {
            if (!refused.isEmpty()) {
                time();
            }
        }
    }
}
