package io.keyval.server;

import io.netty.channel.EventLoop;
import java.util.ArrayDeque;

/**
 * Gathers what the connections of one event loop have to send, and sends it when all that was ready
 * has been read: as long as the loop reads, clients that wait for their replies do not compete with
 * it. For the event loop.
 */
final class LoopFlusher {

    private final EventLoop loop;
    private final ArrayDeque<PeerHandler> unsent = new ArrayDeque<>();

    LoopFlusher(EventLoop loop) {
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
        PeerHandler next;
        while ((next = unsent.poll()) != null) {
            next.flush();
        }
    }
}
