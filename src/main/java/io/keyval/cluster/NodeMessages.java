package io.keyval.cluster;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Answers what other nodes send about a shard: who this node is, that it was chosen to lead, and
 * parts that it is to execute. Thread-safe; never blocks.
 */
final class NodeMessages {

    /** The shard that the messages are about. */
    interface Recipient {

        /** Whether a node holds the shard, as its leader knows; null where another node leads. */
        @Nullable Boolean holds(int id);

        /** Somebody has chosen this node to lead: it does so until another one leads. */
        void choose();

        /** The term of the group that is open here; negative where none is. */
        long term();

        /** Whether so much is under way that nothing should be executed. */
        boolean isFull();

        /** Has a part executed: at once where that is allowed, else in its turn. */
        void execute(Part part);
    }

    private final Neighbours neighbours;
    private final int id;
    private final long maxValueSize;
    private final Recipient shard;

    /**
     * For one shard.
     *
     * @param neighbours answers who this node is
     * @param id of this node
     * @param maxValueSize bytes of the largest value that a GET can find
     */
    NodeMessages(Neighbours neighbours, int id, long maxValueSize, Recipient shard) {
        this.neighbours = neighbours;
        this.id = id;
        this.maxValueSize = maxValueSize;
        this.shard = shard;
    }

    /**
     * Answers a message.
     *
     * @throws ClusterException if it is malformed, or of an unknown kind
     */
    CompletableFuture<byte[]> answer(ByteBuffer message) {
        byte kind = ForwardCodec.kind(message);
        if (kind == ForwardCodec.WHO) {
            return CompletableFuture.completedFuture(neighbours.answer(message, shard::holds));
        }
        if (kind == ForwardCodec.CHOSEN) {
            shard.choose();
            return CompletableFuture.completedFuture(new byte[0]);
        }
        if (kind == ForwardCodec.TERM) {
            ForwardCodec.Term term = new ForwardCodec.Term(id, shard.term());
            return CompletableFuture.completedFuture(ForwardCodec.term(term));
        }
        if (kind != ForwardCodec.PARTS) {
            throw new ClusterException("kind %d is not known".formatted(kind));
        }
        return execute(ForwardCodec.readRequest(message));
    }

    private CompletableFuture<byte[]> execute(ForwardCodec.Request request) {
        long deadline = System.nanoTime() + Duration.ofMillis(request.millis()).toNanos();
        List<Part> parts = new ArrayList<>();
        for (ForwardCodec.Sent sent : request.parts()) {
            parts.add(new Part(sent.commands(), sent.maxBytes(), deadline, false, maxValueSize));
        }
        // Parts are of different connections; reads can go with the writes that are there already.
        parts.stream().filter(Part::hasWrites).forEach(this::execute);
        parts.stream().filter(part -> !part.hasWrites()).forEach(this::execute);
        return CompletableFuture.allOf(
                        parts.stream().map(Part::outcome).toArray(CompletableFuture[]::new))
                .thenApply(
                        _ ->
                                ForwardCodec.answer(
                                        parts.stream()
                                                .map(part -> part.outcome().join())
                                                .toList()));
    }

    private void execute(Part part) {
        if (shard.isFull()) {
            // Whoever sent it keeps it meanwhile, and reads no more of its clients.
            part.end(Outcome.LATE);
        } else {
            shard.execute(part);
        }
    }
}
