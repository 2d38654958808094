package io.keyval.cluster;

import java.io.Closeable;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.client.RaftClientRpc;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.GrpcUtil;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupInfoReply;
import org.apache.ratis.protocol.GroupInfoRequest;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.AlreadyClosedException;
import org.apache.ratis.protocol.exceptions.GroupMismatchException;
import org.apache.ratis.protocol.exceptions.RaftException;
import org.apache.ratis.protocol.exceptions.ServerNotReadyException;
import org.apache.ratis.protocol.exceptions.TimeoutIOException;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.jspecify.annotations.Nullable;

/**
 * Sends messages to other nodes, each once: over Ratis's transport, as reads that may be stale,
 * which need no leader. All messages to a node share a connection, and end with it: a node that
 * cannot answer one of them, for its group is closed there, ends all. A connection over which
 * nothing has come since a message that was not answered in time is given up. Thread-safe.
 */
final class Forwarder implements Closeable {

    /** A message did certainly not arrive, or was not looked at. */
    static final class NotSentException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        NotSentException(Throwable cause) {
            super(cause.getMessage(), cause);
        }
    }

    private final ClientId clientId = ClientId.randomId();
    private final RaftClientRpc rpc;
    private final AtomicLong callId = new AtomicLong();

    /** The connection to a node. */
    private static final class Link {

        /** How often it was given up, twice; odd while that is being done. */
        final AtomicInteger epoch = new AtomicInteger();

        /** When something last came over it, or it was first used; a {@link System#nanoTime}. */
        volatile long answered = System.nanoTime();
    }

    private final Map<RaftPeerId, Link> links = new ConcurrentHashMap<>();

    Forwarder(RaftProperties properties, Parameters parameters) {
        this.rpc = new GrpcFactory(parameters).newRaftClientRpc(clientId, properties);
    }

    /** Says where nodes are. */
    void know(Collection<RaftPeer> peers) {
        rpc.addRaftPeers(peers);
    }

    /**
     * Sends a message to the state machine of a group at a node, and completes with its answer.
     *
     * <p>Completes with a {@link NotSentException} when it is certain that nobody has seen the
     * message; with another exception when it may have been.
     */
    CompletableFuture<ByteBuffer> send(String node, RaftGroupId group, byte[] message) {
        RaftPeerId peer = RaftPeerId.valueOf(node);
        RaftClientRequest request =
                RaftClientRequest.newBuilder()
                        .setClientId(clientId)
                        .setServerId(peer)
                        .setGroupId(group)
                        .setCallId(callId.incrementAndGet())
                        .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(message)))
                        .setType(RaftClientRequest.staleReadRequestType(RaftLog.INVALID_LOG_INDEX))
                        .build();
        Link link = link(peer);
        int begun = link.epoch.get();
        long sent = System.nanoTime();
        return rpc.sendRequestAsyncUnordered(request)
                .handle(
                        (reply, failure) -> {
                            if (failure != null) {
                                throw failed(peer, link, begun, sent, failure);
                            }
                            link.answered = System.nanoTime();
                            return content(reply);
                        });
    }

    /**
     * Opens the connection to a node anew, which may be stuck, if nothing has come over it for so
     * long. What was sent over it and not answered ends as if the node had gone. Waits for nothing.
     */
    void reconnect(RaftPeerId node, Duration silence) {
        Link link = link(node);
        int begun = link.epoch.get();
        if (System.nanoTime() - link.answered >= silence.toNanos()) {
            renew(node, link, begun, new IOException("no answer"));
        }
    }

    private Link link(RaftPeerId node) {
        return links.computeIfAbsent(node, _ -> new Link());
    }

    /**
     * Gives a connection up, unless that was begun since the epoch in which something failed. What
     * was sent while that was done may have been over the old one.
     */
    private void renew(RaftPeerId node, Link link, int begun, Throwable cause) {
        boolean steady = begun % 2 == 0;
        if (steady && link.epoch.compareAndSet(begun, begun + 1)) {
            // Closing the old one may take seconds.
            Thread.ofVirtual()
                    .name("keyval-reconnect-" + node)
                    .start(
                            () -> {
                                try {
                                    rpc.handleException(node, cause, true);
                                } finally {
                                    link.epoch.set(begun + 2);
                                }
                            });
        }
    }

    /** Sends an order to the node that it names, and waits for its answer. */
    RaftClientReply order(RaftClientRequest request) throws IOException {
        Link link = link(request.getServerId());
        int begun = link.epoch.get();
        try {
            return rpc.sendRequest(request);
        } catch (NullPointerException e) {
            throw unknown(e);
        } catch (IOException e) {
            // An answer, or none yet, says nothing against the connection.
            if (!(e instanceof RaftException || e instanceof TimeoutIOException)) {
                renew(request.getServerId(), link, begun, e);
            }
            throw e;
        }
    }

    /**
     * What a node knows of a group that it holds. Its answer names itself, whatever id it is asked
     * by.
     *
     * @throws IOException if it does not answer; a GroupMismatchException if it holds no such group
     */
    GroupInfoReply info(RaftPeerId node, RaftGroupId group) throws IOException {
        GroupInfoRequest request =
                new GroupInfoRequest(clientId, node, group, callId.incrementAndGet());
        Link link = link(node);
        int begun = link.epoch.get();
        try {
            return (GroupInfoReply) rpc.sendRequest(request);
        } catch (NullPointerException e) {
            throw unknown(e);
        } catch (StatusRuntimeException e) {
            IOException cause = GrpcUtil.unwrapException(e);
            if (!(cause instanceof RaftException || cause instanceof TimeoutIOException)) {
                renew(node, link, begun, cause);
            }
            throw cause;
        }
    }

    /** Ratis says by a null pointer that it does not know where a node is. */
    private static IOException unknown(NullPointerException e) {
        return new IOException("its address is not known here", e);
    }

    /** Whether a node did not take a message because its group is closed there. */
    static boolean isClosedThere(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (saysClosed(cause)) {
                return true;
            }
        }
        return false;
    }

    private static boolean saysClosed(@Nullable Throwable failure) {
        return failure instanceof GroupMismatchException
                || failure instanceof ServerNotReadyException;
    }

    private static ByteBuffer content(RaftClientReply reply) {
        if (!reply.isSuccess()) {
            RaftException reason = reply.getException();
            // Thrown before the state machine is asked; all others may be of its answer.
            throw saysClosed(reason)
                    ? new NotSentException(reason)
                    : new CompletionException(reason);
        }
        return reply.getMessage().getContent().asReadOnlyByteBuffer();
    }

    private RuntimeException failed(
            RaftPeerId peer, Link link, int begun, long sent, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        // A node that is there answers in time, be it that it could not do what it was asked.
        boolean isStuck = link.answered - sent < 0;
        if (isStuck || !(cause instanceof TimeoutIOException)) {
            renew(peer, link, begun, cause);
        }
        return certain(cause) ? new NotSentException(cause) : new CompletionException(cause);
    }

    private static boolean certain(Throwable failure) {
        // That the address is not known. A null pointer that is the cause of something else may be
        // of the other node, which has executed the message.
        if (failure instanceof NullPointerException) {
            return true;
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException) {
                return true;
            }
            if (cause instanceof AlreadyClosedException
                    && !String.valueOf(cause.getMessage()).contains("no reply")) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() throws IOException {
        rpc.close();
    }
}
