package io.keyval.replication;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A follower's connection that keeps what was sent. Thread-safe. */
final class RecordingPeer implements FollowerSession.Peer {

    private final MessageAssembler assembler = new MessageAssembler(1 << 20);
    private final List<WireMessage> sent = new ArrayList<>();
    private boolean closed;

    @Override
    public synchronized void send(byte[] bytes) {
        assembler.add(ByteBuffer.wrap(bytes), sent::add);
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    synchronized List<WireMessage> sent() {
        return List.copyOf(sent);
    }

    synchronized boolean isClosed() {
        return closed;
    }
}
