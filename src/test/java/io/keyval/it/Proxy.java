package io.keyval.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A bad line between a client and a server: hands bytes on in both directions, late by a delay that
 * varies, or swallows them and tells neither side. Thread-safe.
 */
final class Proxy implements AutoCloseable {

    /** Bytes, and when they are to be handed on. */
    private record Chunk(byte[] bytes, long due) {}

    private final int target;
    private final ServerSocket server;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Random random = new Random(1);
    private volatile long delayNanos;
    private volatile long jitterNanos;
    private volatile boolean swallowing;

    /**
     * @param target a port of 127.0.0.1
     */
    Proxy(int target) {
        this.target = target;
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    /** Where it listens, on 127.0.0.1. */
    int port() {
        return server.getLocalPort();
    }

    /** Every byte is late by {@code delay}, and by up to {@code jitter} more; order is kept. */
    void delay(Duration delay, Duration jitter) {
        delayNanos = delay.toNanos();
        jitterNanos = jitter.toNanos();
    }

    /** From now on nothing arrives, and no connection ends: all of them are half open. */
    void swallow() {
        swallowing = true;
    }

    /** Connections made from now on work; those that were swallowed stay as they are. */
    void heal() {
        swallowing = false;
    }

    /** Breaks every connection. */
    void breakAll() {
        sockets.forEach(Proxy::close);
    }

    /** Connections that are open on the side of the client. */
    int connections() {
        return (int) sockets.stream().filter(s -> s.getLocalPort() == port()).count();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = server.accept();
                Socket line = new Socket();
                sockets.add(client);
                sockets.add(line);
                try {
                    line.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
                } catch (IOException e) {
                    end(client, line);
                    continue;
                }
                boolean[] lost = new boolean[1];
                hand(client, line, lost);
                hand(line, client, lost);
            }
        } catch (IOException e) {
            breakAll();
        }
    }

    /**
     * Hands on one direction.
     *
     * @param lost whether the connection was swallowed, for good
     */
    private void hand(Socket from, Socket to, boolean[] lost) {
        BlockingQueue<Chunk> late = new ArrayBlockingQueue<>(64);
        Thread.ofVirtual().start(() -> read(from, late, lost));
        Thread.ofVirtual()
                .start(
                        () -> {
                            try {
                                write(to, late);
                            } catch (IOException e) {
                                // It is over, as it is when the bytes end.
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                            end(from, to);
                        });
    }

    private void read(Socket from, BlockingQueue<Chunk> late, boolean[] lost) {
        byte[] buffer = new byte[64 << 10];
        boolean whole = true;
        try {
            InputStream in = from.getInputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                lost[0] |= swallowing;
                if (!lost[0]) {
                    late.put(new Chunk(Arrays.copyOf(buffer, n), System.nanoTime() + lateness()));
                }
            }
            whole = !lost[0];
        } catch (IOException e) {
            whole = !lost[0] && !swallowing;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (whole) {
            late.offer(new Chunk(new byte[0], 0));
        } else {
            close(from);
        }
    }

    private long lateness() {
        long jitter = jitterNanos;
        return delayNanos + (jitter == 0 ? 0 : random.nextLong(jitter));
    }

    private static void write(Socket to, BlockingQueue<Chunk> late)
            throws IOException, InterruptedException {
        for (Chunk next = late.take(); next.bytes().length > 0; next = late.take()) {
            for (long left = next.due() - System.nanoTime();
                    left > 0;
                    left = next.due() - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            to.getOutputStream().write(next.bytes());
        }
    }

    private void end(Socket one, Socket other) {
        close(one);
        close(other);
        sockets.remove(one);
        sockets.remove(other);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        breakAll();
    }
}
