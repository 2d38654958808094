package io.keyval.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Answers lines, and sends each reply in pieces of a byte or a few. */
final class BenchServer implements AutoCloseable {

    private final ServerSocket server;
    private final Function<String, @Nullable String> replies;
    private final Queue<String> hellos = new ConcurrentLinkedQueue<>();

    /** A server whose first reply on a connection is {@code hello}; it closes on a null reply. */
    BenchServer(String hello, Function<String, @Nullable String> replies) {
        this.replies = replies;
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.startVirtualThread(() -> accept(hello));
    }

    private void accept(String hello) {
        try {
            while (true) {
                Socket socket = server.accept();
                Thread.startVirtualThread(() -> serve(socket, hello));
            }
        } catch (IOException e) {
            // The test is over.
        }
    }

    private void serve(Socket socket, String hello) {
        try (socket) {
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            BufferedReader in =
                    new BufferedReader(
                            new InputStreamReader(
                                    socket.getInputStream(), StandardCharsets.ISO_8859_1));
            String line = in.readLine();
            hellos.add(line);
            @Nullable String reply = hello;
            int piece = 1;
            while (line != null && reply != null) {
                byte[] bytes = (reply + "\n").getBytes(StandardCharsets.ISO_8859_1);
                for (int at = 0; at < bytes.length; at += piece) {
                    piece = 1 + (piece + 1) % 3;
                    out.write(bytes, at, Math.min(piece, bytes.length - at));
                }
                line = in.readLine();
                reply = line == null ? null : replies.apply(line);
            }
        } catch (IOException e) {
            // The client went.
        }
    }

    int port() {
        return server.getLocalPort();
    }

    /** The first lines of all connections so far. */
    Queue<String> hellos() {
        return hellos;
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
