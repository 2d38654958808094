package io.keyval.store;

import java.util.function.Consumer;

/** Decides when a write that is on this node's disk may be acknowledged to the client. */
@FunctionalInterface
public interface Confirmation {

    /** At once. */
    Confirmation IMMEDIATE = (position, done) -> done.accept(true);

    /**
     * Called by the log's writer thread, in log order; returns at once.
     *
     * @param position of the last record of a group
     * @param done is told true when the group may be acknowledged, false when it must be answered
     *     as failed; any thread, once
     */
    void confirm(long position, Consumer<Boolean> done);
}
