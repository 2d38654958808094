package io.keyval.cli;

import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Sends commands without waiting for replies, and hands out the replies in order.
 *
 * <p>A thread of its own reads the source and sends; the calling thread receives. What is under way
 * is bounded by a few batches and by what the network holds.
 */
final class Pipeline {

    private static final int BATCHES = 32;

    /**
     * Commands that are sent together.
     *
     * @param bytes lines with their LF
     * @param length how many of the bytes count
     * @param verbs the first letter of each command; as many as there are commands
     * @param lines for each command, the number of the input line it came from, from 1
     * @param offset how many bytes of the input have been read with this batch
     */
    record Batch(byte[] bytes, int length, byte[] verbs, long[] lines, long offset) {}

    /** Gives batches. */
    interface Source {

        /**
         * The next batch, or null at the end; may wait for it.
         *
         * @throws BadLineException when a line of the input is none; the batches before it count
         */
        @Nullable Batch next() throws IOException;
    }

    /** Takes replies. */
    interface Replies {

        /**
         * One reply stands in the connection's line.
         *
         * @return whether to go on
         */
        boolean reply(byte verb, long line, NodeConnection connection) throws IOException;

        /** All replies to a batch have been handed out. */
        void batchDone(Batch batch) throws IOException;
    }

    /** What comes through the queue: a batch that is being sent, or the end of all. */
    private sealed interface Sent {

        record Commands(Batch batch) implements Sent {}

        record End(@Nullable Exception failure) implements Sent {}
    }

    private final NodeConnection connection;
    private final NodeAddress node;
    private final BlockingQueue<Sent> sent = new ArrayBlockingQueue<>(BATCHES);
    private volatile long lastSent;

    Pipeline(NodeConnection connection, NodeAddress node) {
        this.connection = connection;
        this.node = node;
    }

    /**
     * Returns when every command has its reply, or when {@code replies} has had enough.
     *
     * @throws BadLineException what the source threw, once all replies to what was sent before have
     *     been handed out
     * @throws IOException when the source cannot be read, likewise
     * @throws UnreachableException when the connection breaks; the replies before it have been
     *     handed out
     */
    void run(Source source, Replies replies) throws IOException {
        Thread sender = new Thread(() -> send(source), "sender");
        // It may wait for input that never comes.
        sender.setDaemon(true);
        sender.start();
        try {
            while (true) {
                switch (sent.take()) {
                    case Sent.Commands(Batch batch) -> {
                        if (!receive(batch, replies)) {
                            return;
                        }
                    }
                    case Sent.End(Exception failure) -> {
                        switch (failure) {
                            case null -> {}
                            case IOException e -> throw e;
                            case RuntimeException e -> throw e;
                            default -> throw new IllegalStateException(failure);
                        }
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException("It was interrupted.");
        } finally {
            sender.interrupt();
        }
    }

    /** The highest number of a line that was sent, or was about to be. */
    long lastSent() {
        return lastSent;
    }

    private boolean receive(Batch batch, Replies replies) throws IOException {
        for (int i = 0; i < batch.verbs().length; i++) {
            boolean came;
            try {
                came = connection.readLine();
            } catch (IOException e) {
                throw NodeConnection.unreachable(node, e);
            }
            if (!came) {
                throw new UnreachableException(
                        "The node at %s closed the connection.".formatted(node));
            }
            if (!replies.reply(batch.verbs()[i], batch.lines()[i], connection)) {
                return false;
            }
        }
        replies.batchDone(batch);
        return true;
    }

    private void send(Source source) {
        Exception failure = null;
        try {
            for (Batch batch; (batch = source.next()) != null; ) {
                lastSent = batch.lines()[batch.lines().length - 1];
                sent.put(new Sent.Commands(batch));
                try {
                    connection.send(batch.bytes(), 0, batch.length());
                } catch (IOException e) {
                    // Who waits for the replies finds out.
                    return;
                }
            }
        } catch (InterruptedException e) {
            return;
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
        try {
            sent.put(new Sent.End(failure));
        } catch (InterruptedException e) {
            // Nobody waits for it any more.
        }
    }
}
