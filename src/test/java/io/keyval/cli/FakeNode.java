package io.keyval.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import org.jspecify.annotations.Nullable;

/** Speaks the line protocol as a node does, and fails on demand. Text is ISO 8859-1. */
final class FakeNode implements AutoCloseable {

    final Map<String, String> entries = new ConcurrentHashMap<>();

    private final ServerSocket server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final String hello;
    private final AtomicInteger allowed = new AtomicInteger(Integer.MAX_VALUE);

    private FakeNode(ServerSocket server, @Nullable String secret) {
        this.server = server;
        this.hello = secret == null ? "HELLO CLIENT" : "HELLO CLIENT|" + secret;
        threads.submit(this::accept);
    }

    static FakeNode start() {
        return start(null);
    }

    /** A node that wants a client secret, if it is not null. */
    static FakeNode start(@Nullable String secret) {
        try {
            return new FakeNode(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), secret);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static FakeNode startTls(SSLContext context, boolean clientCertificate) {
        try {
            SSLServerSocket socket =
                    (SSLServerSocket)
                            context.getServerSocketFactory()
                                    .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            socket.setNeedClientAuth(clientCertificate);
            return new FakeNode(socket, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return server.getLocalPort();
    }

    /** From now on it closes a connection instead of answering the command after so many. */
    void answerOnly(int commands) {
        allowed.set(commands);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                threads.submit(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            String first = line(in);
            if (!hello.equals(first)) {
                say(out, hello.contains("|") ? "INVALID_SECRET_KEY" : "INVALID_HANDSHAKE_MESSAGE");
                return;
            }
            say(out, "HELLO SERVER");
            for (String line; (line = line(in)) != null; ) {
                if (allowed.getAndDecrement() <= 0) {
                    return;
                }
                say(out, reply(line));
            }
        } catch (IOException e) {
            // The client has gone, or would not have this node.
        }
    }

    private String reply(String line) {
        String[] words = line.split(" ", 3);
        return switch (words[0]) {
            case "PUT" -> {
                if (words.length < 3 || words[1].isEmpty() || words[2].isEmpty()) {
                    yield "INVALID_COMMAND";
                }
                if (words[1].equals("full")) {
                    yield "ERROR";
                }
                entries.put(words[1], words[2]);
                yield "OK";
            }
            case "GET" -> entries.getOrDefault(words[1], "");
            case "DELETE" -> entries.remove(words[1]) == null ? "NOT_FOUND" : "OK";
            case "PING" -> "PONG";
            default -> "INVALID_COMMAND";
        };
    }

    private static void say(OutputStream out, String line) throws IOException {
        out.write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
    }

    private static @Nullable String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next; (next = in.read()) >= 0; line.write(next)) {
            if (next == '\n') {
                String text = line.toString(StandardCharsets.ISO_8859_1);
                return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
            }
        }
        return null;
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        threads.shutdownNow();
    }
}
