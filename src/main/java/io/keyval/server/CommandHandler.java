package io.keyval.server;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.protocol.CommandParser;
import io.keyval.protocol.ReplyEncoder;
import io.keyval.store.KeyValueStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.integration.ip.IpHeaders;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.MessageHandler;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.support.GenericMessage;

/**
 * Answers the lines of clients: parses them, lets the store execute them, sends the replies.
 *
 * <p>Called by each connection's own thread, which waits here for the store and then for the client
 * to take the replies: the next lines are read only when these are answered.
 */
final class CommandHandler implements MessageHandler {

    private static final Logger log = LoggerFactory.getLogger(CommandHandler.class);

    /** Bounds the values that the replies of one batch keep alive while the client is slow. */
    private static final int MAX_BATCH = 1024;

    private final OccasionalLog failures = new OccasionalLog(log);
    private final KeyValueStore store;
    private final CommandParser parser;
    private final ReplyEncoder encoder;
    private final MessageChannel replies;
    private final Consumer<String> finish;
    private final CommandMeters meters;

    /**
     * A handler that sends replies to a channel.
     *
     * @param finish closes the connection of the id behind the replies that were sent
     */
    CommandHandler(
            KeyValueStore store,
            CommandParser parser,
            ReplyEncoder encoder,
            MessageChannel replies,
            Consumer<String> finish,
            CommandMeters meters) {
        this.store = store;
        this.parser = parser;
        this.encoder = encoder;
        this.replies = replies;
        this.finish = finish;
        this.meters = meters;
    }

    /** The payload is lines, each with its LF. */
    @Override
    public void handleMessage(Message<?> message) {
        byte[] lines = (byte[]) message.getPayload();
        MessageHeaders headers = message.getHeaders();
        int from = 0;
        while (from < lines.length) {
            List<Command> batch = new ArrayList<>();
            boolean close = false;
            while (from < lines.length && batch.size() < MAX_BATCH && !close) {
                int to = from;
                while (lines[to] != '\n') {
                    to++;
                }
                Command command = parser.parse(lines, from, to);
                batch.add(command);
                close = command instanceof Command.Close;
                from = to + 1;
            }
            answer(batch, headers);
            if (close) {
                finish.accept(
                        Objects.requireNonNull(headers.get(IpHeaders.CONNECTION_ID, String.class)));
                return;
            }
        }
    }

    private void answer(List<Command> batch, MessageHeaders headers) {
        long begin = System.nanoTime();
        List<Reply> answers = execute(batch);
        meters.record(batch, answers, System.nanoTime() - begin);
        int from = 0;
        while (from < answers.size()) {
            int to = encoder.chunkEnd(answers, from);
            replies.send(new GenericMessage<>(encoder.encode(answers, from, to), headers));
            from = to;
        }
    }

    private List<Reply> execute(List<Command> batch) {
        try {
            return store.execute(batch).toCompletableFuture().join();
        } catch (RuntimeException e) {
            log.debug("The store failed a batch", e);
            failures.warn("The store could not execute a batch of commands: " + e);
            return Collections.nCopies(batch.size(), Reply.FAILED);
        }
    }
}
