package io.keyval.cluster;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the parts of all connections for one shard into entries, and sends a few entries at a
 * time: while they are under way, what comes waits, so that the next entry is the larger the more
 * there is to do.
 *
 * <p>Adding is for any thread and never blocks; one thread of its own sends. Each part is ended
 * exactly once: answered, or given up when its deadline is over. A part with writes is sent a
 * second time only when the first was certainly not executed.
 */
final class Batcher implements AutoCloseable {

    /** Commands that an entry holds at most, and a part too. */
    static final int MAX_COMMANDS = 256;

    /** Bytes of commands above which an entry takes no further part. */
    static final long MAX_BYTES = 1 << 20;

    private static final long PAUSE = Duration.ofMillis(10).toNanos();
    private static final long TICK = Duration.ofMillis(50).toNanos();

    /** Where the entries of a shard go. Its methods are called by the batcher's thread alone. */
    interface Route {

        /** Where entries are executed at the moment. */
        Destination destination();

        /** Gives an entry to this node's own log. What comes of it is told to the batcher. */
        void submit(Entry entry);

        /** Sends an entry to another node. What comes of it is told to the batcher. */
        void forward(Entry entry, String node);

        /** The id of the node that leads, as far as it is known. */
        @Nullable String leader();

        /** The batcher ended by a failure, and takes nothing any more. */
        void failed(Throwable failure);
    }

    /** Who executes the entries of a shard. */
    sealed interface Destination {
        /** This node leads. */
        record Here() implements Destination {}

        /** The node with this id leads, or may know who does. */
        record There(String node) implements Destination {}

        /** Nobody, as far as is known. */
        record Nowhere() implements Destination {}

        Destination HERE = new Here();
        Destination NOWHERE = new Nowhere();
    }

    private final Route route;
    private final int maxInFlight;
    private final Bounds bounds;
    private final Queue<Part> arrived = new ConcurrentLinkedQueue<>();
    private final Queue<Part> returned = new ConcurrentLinkedQueue<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicLong pendingBytes = new AtomicLong();
    private final AtomicInteger pendingWrites = new AtomicInteger();
    private final LongAdder unanswered = new LongAdder();
    private final Thread thread;

    /** For the batcher's thread alone. */
    private final Deque<Part> waiting = new ArrayDeque<>();

    private final List<Entry> sent = new ArrayList<>();
    private long nextId = 1;
    private long nextLook = System.nanoTime();

    private volatile boolean lookNow;
    private volatile long notBefore = System.nanoTime();
    private volatile boolean news;
    private volatile boolean parked;
    private volatile boolean closed;

    /**
     * A batcher whose thread is started by {@link #start}.
     *
     * @param maxInFlight entries under way at once
     * @param bounds of the memory that commands under way, and their replies, may take
     */
    Batcher(String name, Route route, int maxInFlight, Bounds bounds) {
        this.route = route;
        this.bounds = bounds;
        this.maxInFlight = maxInFlight;
        this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Counts a part among what is under way until it is ended. */
    void count(Part part) {
        pendingBytes.addAndGet(part.bytes());
        if (part.hasWrites()) {
            pendingWrites.incrementAndGet();
        }
        part.outcome().thenRun(() -> ended(part));
    }

    private void ended(Part part) {
        pendingBytes.addAndGet(-part.bytes());
        if (part.hasWrites()) {
            pendingWrites.decrementAndGet();
        }
    }

    /** Whether parts with writes wait or are under way, with which reads can go. */
    boolean hasWrites() {
        return pendingWrites.get() > 0;
    }

    /** Adds a part; it is ended some time, by any thread. */
    void add(Part part) {
        count(part);
        addCounted(part);
    }

    /** Adds a part that is {@link #count counted} already. */
    void addCounted(Part part) {
        arrived.add(part);
        if (closed) {
            drop();
        } else {
            wake();
        }
    }

    /** Whether so much is under way that no more should be added. */
    boolean isFull() {
        return pendingBytes.get() >= bounds.pending();
    }

    /** Entries under way. */
    int inFlight() {
        return inFlight.get();
    }

    /** Commands of parts with writes whose fate was not known. */
    long unanswered() {
        return unanswered.sum();
    }

    /** Has the batcher look again where entries go, because that has changed. */
    void wake() {
        news = true;
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    /** As {@link #wake}, and at once: whoever leads is known again. */
    void leaderChanged() {
        notBefore = System.nanoTime();
        lookNow = true;
        wake();
    }

    /** The parts of this entry are answered. */
    void applied(Entry entry) {
        release(entry);
    }

    /** This entry was certainly not executed: its parts wait to be sent again, in a moment. */
    void returned(Entry entry) {
        if (entry.decide(Entry.Fate.RETURNED)) {
            pause();
            for (Part part : entry.parts()) {
                if (!part.isEnded()) {
                    returned.add(part);
                }
            }
        }
        release(entry);
    }

    /** What becomes of this entry will be known later, or not at all; others need not wait. */
    void doubtful(Entry entry) {
        release(entry);
    }

    /**
     * This entry may be executed some time: its writes are given up, its reads sent again, in a
     * moment.
     */
    void unknown(Entry entry) {
        if (entry.decide(Entry.Fate.UNKNOWN)) {
            pause();
            for (Part part : entry.parts()) {
                giveUp(part);
            }
        }
        release(entry);
    }

    /** A part of an entry that may be executed some time: only reads are sent again. */
    void giveUp(Part part) {
        if (part.hasWrites()) {
            endUnknown(part);
        } else {
            sendAgain(part);
        }
    }

    private void endUnknown(Part part) {
        if (part.end(Outcome.UNKNOWN)) {
            unanswered.add(part.commands().size());
        }
    }

    /** A part that was certainly not executed. */
    void sendAgain(Part part) {
        returned.add(part);
        if (closed) {
            drop();
        } else {
            wake();
        }
    }

    /** Has the next entry wait a moment: the leader is not who it was thought to be. */
    void pause() {
        notBefore = System.nanoTime() + PAUSE;
    }

    private void release(Entry entry) {
        if (entry.giveUpSlot()) {
            inFlight.decrementAndGet();
        }
        wake();
    }

    private void run() {
        try {
            loop();
        } catch (RuntimeException | Error e) {
            // Parts that nobody sends would wait for ever, and those who add them.
            closed = true;
            endAll();
            route.failed(e);
        }
    }

    private void loop() {
        while (!closed) {
            news = false;
            long wait = step();
            if (wait > 0) {
                parked = true;
                if (!news && !closed) {
                    if (sent.isEmpty() && waiting.isEmpty()) {
                        LockSupport.park(this);
                    } else {
                        LockSupport.parkNanos(this, wait);
                    }
                }
                parked = false;
            }
        }
    }

    /** Does what can be done, and answers for how many nanoseconds nothing more can be. */
    private long step() {
        takeReturned();
        for (Part part = arrived.poll(); part != null; part = arrived.poll()) {
            waiting.add(part);
        }
        long now = System.nanoTime();
        if (lookNow || nextLook - now < 0) {
            lookNow = false;
            nextLook = now + TICK;
            look(now);
        }
        if (waiting.isEmpty() || inFlight.get() >= maxInFlight) {
            return TICK;
        }
        long pause = notBefore - now;
        if (pause > 0) {
            return pause;
        }
        return send(route.destination());
    }

    private void takeReturned() {
        if (returned.isEmpty()) {
            return;
        }
        List<Part> again = new ArrayList<>();
        for (Part part = returned.poll(); part != null; part = returned.poll()) {
            again.add(part);
        }
        for (Part part : again.reversed()) {
            waiting.addFirst(part);
        }
    }

    /** Ends what is too late, and lets nobody wait for a node that does not lead any more. */
    private void look(long now) {
        sent.removeIf(entry -> !entry.isPending());
        if (!sent.isEmpty()) {
            Destination destination = route.destination();
            for (Entry entry : sent) {
                expire(entry, now);
                String node = entry.node();
                if (node != null
                        && destination != Destination.NOWHERE
                        && !destination.equals(new Destination.There(node))) {
                    doubtful(entry);
                }
            }
        }
        waiting.removeIf(part -> isLate(part, now));
    }

    /** Whether a part that was not sent is too late, and so is ended. */
    private static boolean isLate(Part part, long now) {
        boolean late = part.deadline() - now < 0;
        if (late) {
            part.end(Outcome.LATE);
        }
        return late;
    }

    private void expire(Entry entry, long now) {
        boolean all = true;
        for (Part part : entry.parts()) {
            if (part.deadline() - now >= 0) {
                all = false;
            } else if (part.hasWrites()) {
                endUnknown(part);
            } else {
                part.end(Outcome.LATE);
            }
        }
        if (all) {
            entry.decide(Entry.Fate.UNKNOWN);
            release(entry);
        }
    }

    private long send(Destination destination) {
        switch (destination) {
            case Destination.Here() -> {
                Entry entry = gather(null);
                if (entry != null) {
                    route.submit(entry);
                }
                return 0;
            }
            case Destination.There(String node) -> {
                refuseForwarded();
                Entry entry = gather(node);
                if (entry != null) {
                    route.forward(entry, node);
                }
                return 0;
            }
            case Destination.Nowhere() -> {
                refuseForwarded();
                pause();
                return PAUSE;
            }
        }
    }

    /** What another node sent here must go no further. */
    private void refuseForwarded() {
        for (Iterator<Part> parts = waiting.iterator(); parts.hasNext(); ) {
            Part part = parts.next();
            if (!part.mayForward()) {
                parts.remove();
                part.end(new Outcome.NotLeader(route.leader()));
            }
        }
    }

    /** Makes an entry of what waits and is not too late, or answers null when there is none. */
    private @Nullable Entry gather(@Nullable String node) {
        long now = System.nanoTime();
        List<Part> parts = new ArrayList<>();
        int commands = 0;
        long bytes = 0;
        long replyBytes = 0;
        while (!waiting.isEmpty()) {
            Part next = waiting.peek();
            if (isLate(next, now)) {
                waiting.remove();
                continue;
            }
            if (!parts.isEmpty()
                    && (commands + next.commands().size() > MAX_COMMANDS
                            || bytes + next.bytes() > MAX_BYTES
                            || replyBytes + next.replyBytes() > bounds.replies())) {
                break;
            }
            commands += next.commands().size();
            bytes += next.bytes();
            replyBytes += next.replyBytes();
            parts.add(waiting.remove());
        }
        if (parts.isEmpty()) {
            return null;
        }
        Entry entry = new Entry(nextId++, parts, node);
        inFlight.incrementAndGet();
        sent.add(entry);
        return entry;
    }

    /** Ends every part that was not sent. */
    private synchronized void drop() {
        for (Part part = arrived.poll(); part != null; part = arrived.poll()) {
            part.end(part.mayForward() ? Outcome.LATE : new Outcome.NotLeader(null));
        }
        for (Part part = returned.poll(); part != null; part = returned.poll()) {
            part.end(part.mayForward() ? Outcome.LATE : new Outcome.NotLeader(null));
        }
    }

    /** Ends the thread, and every part: those that wait as late, those under way as unknown. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        endAll();
    }

    private void endAll() {
        for (Entry entry : sent) {
            unknown(entry);
        }
        for (Part part : waiting) {
            part.end(part.mayForward() ? Outcome.LATE : new Outcome.NotLeader(null));
        }
        drop();
    }
}
