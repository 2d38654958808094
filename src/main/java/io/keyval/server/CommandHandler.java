package io.keyval.server;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.protocol.CommandParser;
import io.keyval.protocol.ReplyEncoder;
import io.keyval.store.Store;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.MessageHandler;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.support.GenericMessage;

/**
 * Answers the lines of clients: parses them, lets the store execute them, sends the replies.
 *
 * <p>Called by each connection's event loop, and never waits on it: while the store is at work, or
 * the client does not take the replies, the connection is held and its next lines are not read.
 */
final class CommandHandler implements MessageHandler {

    private static final Logger log = LoggerFactory.getLogger(CommandHandler.class);

    private static final int MAX_BATCH = 1024;

    /** GETs in a batch with writes: their values are all kept, from the moment of the writes on. */
    private static final int MAX_READS_AMONG_WRITES = 64;

    private final OccasionalLog failures = new OccasionalLog(log);
    private final Store store;
    private final CommandParser parser;
    private final ReplyEncoder encoder;
    private final MessageChannel replies;
    private final CommandMeters meters;
    private final long maxOutput;

    /**
     * A handler that sends replies to a channel.
     *
     * @param maxOutput bytes of values that a batch of reads gathers before it is answered
     */
    CommandHandler(
            Store store,
            CommandParser parser,
            ReplyEncoder encoder,
            MessageChannel replies,
            CommandMeters meters,
            long maxOutput) {
        this.store = store;
        this.parser = parser;
        this.encoder = encoder;
        this.replies = replies;
        this.meters = meters;
        this.maxOutput = maxOutput;
    }

    /** The payload is lines, each with its LF. */
    @Override
    public void handleMessage(Message<?> message) {
        new Answering((byte[]) message.getPayload(), message.getHeaders()).goOn();
    }

    /** How far the lines of one message are answered. For the connection's event loop. */
    private final class Answering {

        private final byte[] lines;
        private final MessageHeaders headers;
        private final PeerConnection connection;
        private int from;
        private boolean close;
        private List<Command> unexecuted = List.of();
        private List<Reply> answers = List.of();
        private int sent;

        Answering(byte[] lines, MessageHeaders headers) {
            this.lines = lines;
            this.headers = headers;
            this.connection =
                    Objects.requireNonNull((PeerConnection) headers.get(PeerHeaders.CONNECTION));
        }

        void goOn() {
            while (connection.isOpen()) {
                if (sent < answers.size()) {
                    if (!connection.handler().isWritable()) {
                        connection.handler().hold(this::goOn, kept());
                        return;
                    }
                    sendSome();
                } else if (unexecuted.isEmpty() && close) {
                    connection.finish();
                    return;
                } else if (unexecuted.isEmpty() && from == lines.length) {
                    connection.handler().release();
                    return;
                } else if (!executeSome()) {
                    return;
                }
            }
        }

        /** Bytes that wait with the answers. */
        private long kept() {
            long bytes = lines.length;
            for (int i = sent; i < answers.size(); i++) {
                if (answers.get(i) instanceof Reply.Value(byte[] value)) {
                    bytes += value.length;
                }
            }
            return bytes;
        }

        private void sendSome() {
            int to = encoder.chunkEnd(answers, sent);
            replies.send(new GenericMessage<>(encoder.encode(answers, sent, to), headers));
            sent = to;
        }

        /** Executes the next batch; false when its replies come later, with a call of their own. */
        private boolean executeSome() {
            List<Command> batch = unexecuted.isEmpty() ? parse() : unexecuted;
            if (store.isFull(batch)) {
                unexecuted = batch;
                connection.handler().holdForAMoment(this::goOn);
                return false;
            }
            long begin = System.nanoTime();
            CompletableFuture<List<Reply>> done = execute(batch);
            if (done.isDone()) {
                answered(batch, done.join(), begin);
                return true;
            }
            connection.handler().hold();
            done.thenAccept(
                    answers ->
                            connection
                                    .handler()
                                    .execute(
                                            () -> {
                                                answered(batch, answers, begin);
                                                goOn();
                                            }));
            return false;
        }

        private void answered(List<Command> batch, List<Reply> replies, long begin) {
            int done = replies.size();
            boolean all = done == batch.size();
            meters.record(all ? batch : batch.subList(0, done), replies, System.nanoTime() - begin);
            unexecuted = all ? List.of() : batch.subList(done, batch.size());
            answers = replies;
            sent = 0;
        }

        private List<Command> parse() {
            List<Command> batch = new ArrayList<>();
            int reads = 0;
            boolean writes = false;
            while (from < lines.length
                    && batch.size() < MAX_BATCH
                    && (reads < MAX_READS_AMONG_WRITES || !writes)
                    && !close) {
                int to = from;
                while (lines[to] != '\n') {
                    to++;
                }
                Command command = parser.parse(lines, from, to);
                if (command instanceof Command.Write) {
                    if (reads > MAX_READS_AMONG_WRITES) {
                        break;
                    }
                    writes = true;
                } else if (command instanceof Command.Get) {
                    reads++;
                }
                batch.add(command);
                close = command instanceof Command.Close;
                from = to + 1;
            }
            return batch;
        }
    }

    private CompletableFuture<List<Reply>> execute(List<Command> batch) {
        try {
            return store.execute(batch, maxOutput).toCompletableFuture();
        } catch (RuntimeException e) {
            log.debug("The store failed a batch", e);
            failures.warn("The store could not execute a batch of commands: " + e);
            return CompletableFuture.completedFuture(
                    Collections.nCopies(batch.size(), Reply.FAILED));
        }
    }
}
