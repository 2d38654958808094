package io.keyval.server;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a follower sent and its virtual thread has not handled yet; bounded. The thread may block:
 * the event loop reads no further meanwhile.
 */
final class Inbox {

    private static final int MAX_BYTES = 1 << 20;
    private static final byte[] END = new byte[0];
    private static final byte[] STOP = new byte[0];

    private final LinkedBlockingQueue<byte[]> queue = new LinkedBlockingQueue<>();
    private final AtomicInteger bytes = new AtomicInteger();
    private final PeerConnection connection;
    private final Runnable room;

    private Inbox(PeerConnection connection, Runnable room) {
        this.connection = connection;
        this.room = room;
    }

    /**
     * Starts the thread.
     *
     * @param first what it does before it handles messages; fails as little as their handling does
     * @param room told when there is room again after there was none
     */
    static Inbox start(PeerConnection connection, Runnable first, Runnable room) {
        Inbox inbox = new Inbox(connection, room);
        Thread.ofVirtual()
                .name("connection-" + connection.getConnectionId())
                .start(() -> inbox.run(first));
        return inbox;
    }

    private void run(Runnable first) {
        boolean stopped = false;
        try {
            first.run();
            byte[] message = queue.take();
            while (message != END && message != STOP) {
                connection.deliver(message);
                int before = bytes.getAndAdd(-message.length);
                if (before >= MAX_BYTES && before - message.length < MAX_BYTES) {
                    room.run();
                }
                message = queue.take();
            }
            stopped = message == STOP;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (!stopped) {
                connection.closeConnection();
            }
        }
    }

    boolean hasRoom() {
        return bytes.get() < MAX_BYTES;
    }

    void add(byte[] message) {
        bytes.addAndGet(message.length);
        queue.add(message);
    }

    /** Ends the thread; somebody else closes the connection. */
    void stop() {
        queue.add(STOP);
    }

    /** Ends the thread, and closes the connection for all who know it, behind what it has. */
    void close() {
        queue.add(END);
    }
}
