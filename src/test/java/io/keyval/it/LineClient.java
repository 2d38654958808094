package io.keyval.it;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * A client of the line protocol on a plain socket.
 *
 * <p>Text is UTF-8; the methods with bytes take and give any bytes. A reply that does not come in
 * thirty seconds fails the caller. For one thread, except that one may send while another reads.
 */
public final class LineClient implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Socket socket;
    private final InputStream in;

    private LineClient(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    }

    /** Connects, and says nothing yet. */
    public static LineClient connect(String host, int port) {
        Socket socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout((int) PATIENCE.toMillis());
            socket.connect(new InetSocketAddress(host, port), (int) PATIENCE.toMillis());
            return new LineClient(socket);
        } catch (IOException e) {
            try {
                socket.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw new UncheckedIOException(e);
        }
    }

    /** Connects by TLS, and says nothing yet. */
    public static LineClient connect(String host, int port, SSLContext tls) {
        Socket plain = connect(host, port).socket();
        try {
            Socket socket = tls.getSocketFactory().createSocket(plain, host, port, true);
            ((SSLSocket) socket).startHandshake();
            return new LineClient(socket);
        } catch (IOException e) {
            try {
                plain.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw new UncheckedIOException(e);
        }
    }

    /** Exchanges HELLO as a client. */
    public LineClient hello() {
        return hello(null);
    }

    /** Exchanges HELLO as a client that knows a secret, unless it is null. */
    public LineClient hello(@Nullable String secret) {
        String reply = ask(secret == null ? "HELLO CLIENT" : "HELLO CLIENT|" + secret);
        if (!"HELLO SERVER".equals(reply)) {
            throw new IllegalStateException("HELLO CLIENT was answered by " + reply);
        }
        return this;
    }

    /** Sends one line, ended by LF. */
    public LineClient send(String line) {
        return send((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Sends bytes as they are, in one write. */
    public LineClient send(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next reply as text without its LF, or null at the end of the stream. */
    public @Nullable String read() {
        byte[] line = readBytes();
        return line == null ? null : new String(line, StandardCharsets.UTF_8);
    }

    /**
     * The next reply without its LF, or null at the end of the stream.
     *
     * @throws IllegalStateException if the stream ends within a line
     */
    public byte @Nullable [] readBytes() {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try {
            for (int b = in.read(); b != '\n'; b = in.read()) {
                if (b < 0) {
                    if (line.size() > 0) {
                        throw new IllegalStateException("The stream ended in a line: " + line);
                    }
                    return null;
                }
                line.write(b);
            }
            return line.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every reply up to the end of the stream. */
    public List<String> readAll() {
        List<String> replies = new ArrayList<>();
        for (String reply = read(); reply != null; reply = read()) {
            replies.add(reply);
        }
        return replies;
    }

    /** Sends one line and reads one reply; null if the server closes instead. */
    public @Nullable String ask(String line) {
        return send(line).read();
    }

    /**
     * Sends all lines without waiting and reads one reply a line, in order.
     *
     * @throws IllegalStateException if the server closes before the last reply
     */
    public List<String> pipeline(List<String> lines) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String line : lines) {
            bytes.writeBytes(line.getBytes(StandardCharsets.UTF_8));
            bytes.write('\n');
        }
        try (var sender = Executors.newVirtualThreadPerTaskExecutor()) {
            CompletableFuture<Void> sent =
                    CompletableFuture.runAsync(() -> send(bytes.toByteArray()), sender);
            List<String> replies = new ArrayList<>(lines.size());
            while (replies.size() < lines.size()) {
                String reply = read();
                if (reply == null) {
                    throw new IllegalStateException(
                            "The server closed after %d of %d replies"
                                    .formatted(replies.size(), lines.size()));
                }
                replies.add(reply);
            }
            sent.join();
            return replies;
        }
    }

    /** Closes the sending direction only; replies can still be read. */
    public LineClient halfClose() {
        try {
            socket.shutdownOutput();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The socket, for what this class has no word for. */
    public Socket socket() {
        return socket;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
