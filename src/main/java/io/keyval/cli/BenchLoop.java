package io.keyval.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;

/**
 * Some connections and the one thread that drives them, phase by phase. {@link #giveUp} may be
 * called by any thread.
 */
final class BenchLoop implements AutoCloseable {

    private static final int WAIT_MILLIS = 100;

    private final BenchSettings settings;
    private final Selector selector;
    private final List<BenchConnection> connections = new ArrayList<>();
    private BenchTally gets = new BenchTally();
    private BenchTally puts = new BenchTally();
    private long replies;
    private volatile boolean givenUp;
    private BenchPhase phase = BenchPhase.count(0);
    private long left;

    /** Requests of all connections that have no reply yet. */
    private long underWay;

    private long nextKey;
    private long lastReply;

    BenchLoop(BenchSettings settings) throws IOException {
        this.settings = settings;
        this.selector = Selector.open();
    }

    /** Opens one more connection; before the first phase. */
    void connect(int number) throws IOException {
        connections.add(BenchConnection.open(settings, selector, number));
    }

    /**
     * Sends what the phase says on all connections, tells the tallies about each reply, and returns
     * when every reply has come.
     *
     * @throws BenchLostException if a connection breaks, or no reply comes for too long
     */
    void run(BenchPhase next, BenchTally tallyOfGets, BenchTally tallyOfPuts) {
        phase = next;
        gets = tallyOfGets;
        puts = tallyOfPuts;
        left = next.requests();
        nextKey = next.firstKey();
        lastReply = System.nanoTime();
        try {
            for (BenchConnection connection : connections) {
                connection.send(this);
            }
            while (underWay > 0 && !givenUp) {
                turn();
            }
        } catch (IOException e) {
            throw lost(e);
        } catch (UncheckedIOException e) {
            throw lost(e.getCause());
        }
    }

    private void turn() throws IOException {
        if (selector.select(this::serve, WAIT_MILLIS) > 0) {
            return;
        }
        if (System.nanoTime() - lastReply > BenchSettings.PATIENCE.toNanos()) {
            throw new BenchLostException(
                    "%s has sent no reply for %d s."
                            .formatted(settings.node(), BenchSettings.PATIENCE.toSeconds()));
        }
    }

    private void serve(SelectionKey key) {
        BenchConnection connection = (BenchConnection) key.attachment();
        try {
            if (key.isWritable()) {
                connection.send(this);
            }
            if (key.isReadable()) {
                connection.receive(this);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private BenchLostException lost(IOException e) {
        return new BenchLostException(
                "The connection to %s broke after %,d replies: %s."
                        .formatted(settings.node(), replies, e.getMessage()));
    }

    /** Whether one more request is to be sent, which is then counted as sent. */
    boolean takeRequest(long now) {
        if (left == 0 || now - phase.deadline() >= 0) {
            return false;
        }
        left--;
        underWay++;
        return true;
    }

    boolean inOrder() {
        return phase.inOrder();
    }

    long nextKey() {
        return nextKey++;
    }

    void answered(int count, long now) {
        replies += count;
        underWay -= count;
        lastReply = now;
    }

    BenchTally gets() {
        return gets;
    }

    BenchTally puts() {
        return puts;
    }

    /** Ends the phase that runs, without waiting for replies. */
    void giveUp() {
        givenUp = true;
        selector.wakeup();
    }

    @Override
    public void close() throws IOException {
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }
}
