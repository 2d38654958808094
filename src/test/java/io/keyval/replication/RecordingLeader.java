package io.keyval.replication;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A leader's end of a connection that keeps what the follower said. Thread-safe. */
final class RecordingLeader implements LeaderSession.Peer {

    private final MessageAssembler assembler = new MessageAssembler(1 << 20);
    private final ByteArrayOutputStream hello = new ByteArrayOutputStream();
    private final List<WireMessage> said = new ArrayList<>();
    private boolean open = true;
    private boolean finished;

    @Override
    public String connectionId() {
        return "c";
    }

    @Override
    public synchronized void send(byte[] bytes) {
        if (new String(bytes, StandardCharsets.UTF_8).startsWith("HELLO ")) {
            hello.writeBytes(bytes);
        } else {
            assembler.add(ByteBuffer.wrap(bytes), said::add);
        }
    }

    @Override
    public synchronized boolean isOpen() {
        return open;
    }

    /** The leader closes as soon as it knows that nothing more comes. */
    @Override
    public synchronized void shutdownOutput() {
        finished = true;
        open = false;
    }

    @Override
    public synchronized void close() {
        open = false;
    }

    synchronized String hello() {
        return hello.toString(StandardCharsets.UTF_8);
    }

    synchronized List<WireMessage> said() {
        return List.copyOf(said);
    }

    synchronized boolean isFinished() {
        return finished;
    }
}
