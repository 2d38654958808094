package io.keyval.cluster;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Parts that travel together: as one Raft entry, or as one message to the node that leads.
 *
 * <p>Its fate is decided once, by whoever is first; any thread may try.
 */
final class Entry {

    /** What can become of an entry. */
    enum Fate {
        /** Nothing is known yet. */
        PENDING,
        /** Executed; its parts are answered. */
        APPLIED,
        /** Certainly not executed: its parts may be sent again. */
        RETURNED,
        /** It may be executed some time; its writes must not be sent again. */
        UNKNOWN
    }

    private final long id;
    private final List<Part> parts;
    private final int commands;
    private final long bytes;
    private final long deadline;
    private final @Nullable String node;
    private final AtomicReference<Fate> fate = new AtomicReference<>(Fate.PENDING);
    private volatile boolean slotHeld = true;

    /**
     * An entry.
     *
     * @param node the id of the node that it is sent to, or null where it goes into the own log
     */
    Entry(long id, List<Part> parts, @Nullable String node) {
        this.id = id;
        this.parts = parts;
        this.node = node;
        int commands = 0;
        long bytes = 0;
        long deadline = parts.getFirst().deadline();
        for (Part part : parts) {
            commands += part.commands().size();
            bytes += part.bytes();
            if (part.deadline() - deadline > 0) {
                deadline = part.deadline();
            }
        }
        this.commands = commands;
        this.bytes = bytes;
        this.deadline = deadline;
    }

    /** Its number among the entries of this process. */
    long id() {
        return id;
    }

    List<Part> parts() {
        return parts;
    }

    int commands() {
        return commands;
    }

    long bytes() {
        return bytes;
    }

    /** The id of the node that it is sent to, or null where it goes into the own log. */
    @Nullable String node() {
        return node;
    }

    /** The latest deadline of its parts, a {@link System#nanoTime}. */
    long deadline() {
        return deadline;
    }

    boolean isPending() {
        return fate.get() == Fate.PENDING;
    }

    Fate fate() {
        return fate.get();
    }

    /** Decides its fate, and answers whether this call did. */
    boolean decide(Fate decided) {
        return fate.compareAndSet(Fate.PENDING, decided);
    }

    /** Takes its place among those in flight away; true for the first call. */
    synchronized boolean giveUpSlot() {
        boolean held = slotHeld;
        slotHeld = false;
        return held;
    }
}
