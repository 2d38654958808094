package io.keyval.store;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.springframework.boot.web.server.context.WebServerApplicationContext;

/** What executes the commands of clients. Implementations are thread-safe. */
public interface Store {

    /**
     * A store starts in this phase, and stops in it; the phase of everything that needs data begins
     * above. It follows the web server's, so that HTTP tells of a start that takes long.
     */
    int PHASE = WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE + 1;

    /**
     * Executes a batch of one connection's commands, in order, or only its beginning.
     *
     * <p>Completes with one reply a command, in the order of the commands, once every write that is
     * answered {@link Reply.Ok} is durable. There may be fewer replies than commands, but at least
     * one: the commands without a reply were not executed, and the caller sends them again. A read
     * behind a write of the same batch sees it. The caller sends the next batch of a connection
     * only when this one has completed, so a connection sees its own writes. May be called by any
     * thread; never waits. Never completes exceptionally: what fails is a {@link Reply.Failed}.
     *
     * @param batch not empty; not changed afterwards
     * @param maxBytes when the values of the replies have come to so many bytes, a batch may end
     */
    CompletionStage<List<Reply>> execute(List<Command> batch, long maxBytes);

    /**
     * Whether so much is under way that this batch should wait. A caller that asks before each
     * {@link #execute} keeps what waits within bounds, but for a batch of each thread that asks at
     * the same time. Any thread; true a moment ago.
     */
    boolean isFull(List<Command> batch);

    /**
     * Ends what takes long, soon, such as a start. To be called when the process is about to end;
     * returns at once.
     */
    default void prepareToStop() {}
}
