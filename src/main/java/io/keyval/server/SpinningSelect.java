package io.keyval.server;

import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;

/**
 * Looks for a while whether something is ready before the event loop goes to sleep: under load the
 * next request, or the disk's answer to the last one, is mostly there sooner than a sleeping thread
 * is woken. A loop on which nothing happens sleeps. For one event loop.
 */
final class SpinningSelect implements SelectStrategy {

    private static final long NANOS = 20_000;

    /** With one processor, looking keeps whoever could make something ready from running. */
    private static final boolean USEFUL = Runtime.getRuntime().availableProcessors() > 1;

    @Override
    public int calculateStrategy(IntSupplier selectNow, boolean hasTasks) throws Exception {
        int ready = selectNow.get();
        if (ready > 0 || hasTasks || !USEFUL) {
            return ready > 0 || hasTasks ? ready : SELECT;
        }
        long begin = System.nanoTime();
        do {
            Thread.onSpinWait();
            ready = selectNow.get();
        } while (ready == 0 && System.nanoTime() - begin < NANOS);
        return ready > 0 ? ready : SELECT;
    }
}
