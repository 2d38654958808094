package io.keyval.store;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.springframework.stereotype.Service;

/** The data of this node: executes commands, log first, then memory, then the reply. */
@Service
public class KeyValueStore {

    /**
     * Executes a batch of one connection's commands, in order.
     *
     * <p>Completes with one reply a command, in the order of the commands, once every write of the
     * batch is durable by the fsync policy. A read behind a write of the same batch sees it. The
     * caller sends the next batch of a connection only when this one has completed, so a connection
     * sees its own writes. May be called by any thread; may block while too much waits for the log.
     * Never completes exceptionally: what fails is a {@link Reply.Failed}.
     *
     * @param batch not empty; not changed afterwards
     */
    public CompletionStage<List<Reply>> execute(List<Command> batch) {
        throw new UnsupportedOperationException();
    }

    /** What this node does at the moment; any thread. */
    public Role role() {
        return Role.LEADER;
    }
}
