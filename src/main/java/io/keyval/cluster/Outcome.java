package io.keyval.cluster;

import io.keyval.command.Reply;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What became of a part of a batch. */
sealed interface Outcome {

    /**
     * Executed: a reply for each of the first commands, at least one. The rest was not executed.
     */
    record Answered(List<Reply> replies) implements Outcome {}

    /**
     * Certainly not executed, and not to be executed by this node: it does not lead.
     *
     * @param leader the id of the node that does, as far as this one knows
     */
    record NotLeader(@Nullable String leader) implements Outcome {}

    /** Certainly not executed, and too late to be. */
    record Late() implements Outcome {}

    /** Writes that may be executed, now or later, or never. */
    record Unknown() implements Outcome {}

    Outcome LATE = new Late();
    Outcome UNKNOWN = new Unknown();
}
