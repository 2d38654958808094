package io.keyval.wal;

import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/** What waits for a log's writer, bounded by bytes. Any number of threads add, the writer takes. */
final class WorkQueue {

    private final long maxBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final ArrayDeque<LogWork> queue = new ArrayDeque<>();
    private volatile long bytes;
    private boolean closed;

    WorkQueue(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** Adds a work, when there is room for it; false when the queue is closed. */
    boolean add(LogWork work) {
        lock.lock();
        try {
            while (bytes > maxBytes && !closed) {
                room.awaitUninterruptibly();
            }
            return addNow(work);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Adds a work at once, however much waits; false when the queue is closed. Threads that ask
     * {@link #isFull} each time before, pass the bound by one work each at most.
     */
    boolean addNow(LogWork work) {
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            queue.add(work);
            bytes += work.bytes();
            arrived.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether {@link #add} would have to wait for room. Any thread; true a moment ago. */
    boolean isFull() {
        return bytes > maxBytes;
    }

    /** Takes nothing more in. What waits can still be taken. */
    void close() {
        lock.lock();
        try {
            closed = true;
            arrived.signal();
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves the next works of one kind to {@code taken}, as many as one write may hold; waits for
     * the first one.
     *
     * @param patience nanoseconds to wait from now on, asked again after each wait
     * @return false when the queue is closed and nothing waits any more
     */
    boolean take(ArrayDeque<LogWork> taken, int maxBatch, LongSupplier patience) {
        lock.lock();
        try {
            while (queue.isEmpty()) {
                if (closed) {
                    return false;
                }
                long wait = patience.getAsLong();
                if (wait <= 0) {
                    return true;
                }
                try {
                    arrived.awaitNanos(wait);
                } catch (InterruptedException e) {
                    // Nobody interrupts the writer; if something does, the work goes on.
                }
            }
            long batch = 0;
            Class<?> kind = queue.peek().getClass();
            do {
                LogWork next = queue.remove();
                taken.add(next);
                batch += next.bytes();
            } while (kind != LogWork.Turn.class
                    && batch < maxBatch
                    && !queue.isEmpty()
                    && queue.peek().getClass() == kind
                    && batch + queue.peek().bytes() < Integer.MAX_VALUE / 2);
            bytes -= batch;
            room.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Closes the queue and moves all that waits to {@code taken}. */
    void drain(ArrayDeque<LogWork> taken) {
        close();
        lock.lock();
        try {
            taken.addAll(queue);
            queue.clear();
            bytes = 0;
        } finally {
            lock.unlock();
        }
    }
}
