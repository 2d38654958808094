package io.keyval.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a node that has exchanged HELLO. One thread may send while another reads; any may
 * close.
 */
final class NodeConnection implements AutoCloseable {

    private static final int CONNECT_MILLIS = 5_000;
    private static final byte TLS_ALERT = 0x15;

    private final NodeAddress node;
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private byte[] buffer = new byte[1 << 16];
    private int from;
    private int to;
    private int lineFrom;
    private int lineTo;

    private NodeConnection(NodeAddress node, Socket socket) throws IOException {
        this.node = node;
        this.socket = socket;
        this.in = socket.getInputStream();
        this.out = socket.getOutputStream();
    }

    /**
     * Connects and says hello.
     *
     * @throws UnreachableException when no node answers, or not as one
     * @throws RefusedException when the node lets this client not in
     */
    static NodeConnection open(NodeAddress node) {
        Socket socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(node.host(), node.port()), CONNECT_MILLIS);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(1000 * node.timeout());
            socket = secured(node, socket);
            NodeConnection connection = new NodeConnection(node, socket);
            connection.hello();
            return connection;
        } catch (IOException e) {
            close(socket);
            throw unreachable(node, e);
        } catch (RuntimeException e) {
            close(socket);
            throw e;
        }
    }

    private static Socket secured(NodeAddress node, Socket plain) throws IOException {
        if (node.tls() == null) {
            return plain;
        }
        SSLSocket socket =
                (SSLSocket)
                        node.tls()
                                .getSocketFactory()
                                .createSocket(plain, node.host(), node.port(), true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    private void hello() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        line.writeBytes(ascii("HELLO CLIENT"));
        if (node.secret() != null) {
            line.write('|');
            line.writeBytes(node.secret());
        }
        line.write('\n');
        boolean answered;
        try {
            out.write(line.toByteArray());
            answered = readLine();
        } catch (SocketException e) {
            if (node.tls() == null) {
                throw e;
            }
            answered = false;
        }
        if (to > 0 && buffer[0] == TLS_ALERT) {
            throw new UnreachableException("The node at %s wants TLS: give --tls.".formatted(node));
        }
        if (!answered) {
            throw new UnreachableException(
                    ("The node at %s closed the connection: it has as many as it takes, or it wants"
                                    + " %s.")
                            .formatted(
                                    node,
                                    node.tls() == null
                                            ? "TLS"
                                            : "a client certificate, which --tls-cert and"
                                                    + " --tls-key give"));
        }
        String answer = new String(line(), StandardCharsets.ISO_8859_1);
        switch (answer) {
            case "HELLO SERVER" -> {}
            case "INVALID_SECRET_KEY" ->
                    throw new RefusedException(
                            node.secret() == null
                                    ? ("The node at %s wants a client secret: set"
                                                    + " KEYVAL_CLIENT_SECRET, or give --ask-secret.")
                                            .formatted(node)
                                    : "The node at %s does not accept this client secret."
                                            .formatted(node));
            case "INVALID_HANDSHAKE_MESSAGE" ->
                    throw new RefusedException(
                            node.secret() == null
                                    ? "The node at %s did not understand HELLO.".formatted(node)
                                    : ("The node at %s did not understand HELLO with a client"
                                                    + " secret: try without one.")
                                            .formatted(node));
            default ->
                    throw new UnreachableException(
                            "What answers at %s is no keyval node.".formatted(node));
        }
    }

    /** Sends bytes as they are. */
    void send(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
    }

    /**
     * Waits for the next line, which {@link #line} then tells; false at the end of the stream.
     *
     * @throws SocketTimeoutException when none comes in time
     */
    boolean readLine() throws IOException {
        if (from == to) {
            from = 0;
            to = 0;
        }
        int scanned = from;
        while (true) {
            for (int i = scanned; i < to; i++) {
                if (buffer[i] == '\n') {
                    lineFrom = from;
                    lineTo = i;
                    from = i + 1;
                    return true;
                }
            }
            scanned = to;
            if (to == buffer.length) {
                int moved = from;
                buffer =
                        from == 0
                                ? Arrays.copyOf(buffer, 2 * buffer.length)
                                : Arrays.copyOfRange(buffer, from, from + buffer.length);
                to -= moved;
                scanned -= moved;
                from = 0;
            }
            int read = in.read(buffer, to, buffer.length - to);
            if (read < 0) {
                return false;
            }
            to += read;
        }
    }

    /** A copy of the line, without its LF. */
    byte[] line() {
        return Arrays.copyOfRange(buffer, lineFrom, lineTo);
    }

    int lineLength() {
        return lineTo - lineFrom;
    }

    /** Whether the line is this word. */
    boolean lineIs(byte[] word) {
        return Arrays.equals(buffer, lineFrom, lineTo, word, 0, word.length);
    }

    void copyLineTo(OutputStream target) throws IOException {
        target.write(buffer, lineFrom, lineTo - lineFrom);
    }

    /** Whether the node has closed, or something stands there that nobody asked for. */
    boolean isStale() {
        try {
            socket.setSoTimeout(1);
            try {
                in.read();
                return true;
            } catch (SocketTimeoutException e) {
                return false;
            } finally {
                socket.setSoTimeout(1000 * node.timeout());
            }
        } catch (IOException e) {
            return true;
        }
    }

    /** What it means that sending or reading failed so. */
    static UnreachableException unreachable(NodeAddress node, IOException cause) {
        return new UnreachableException(
                switch (cause) {
                    case UnknownHostException _ -> "There is no host %s.".formatted(node.host());
                    case SocketTimeoutException _ ->
                            "The node at %s does not answer in time.".formatted(node);
                    case ConnectException e ->
                            "No node answers at %s (%s).".formatted(node, e.getMessage());
                    case SSLException e -> tls(node, String.valueOf(e.getMessage()));
                    default ->
                            "The connection to the node at %s broke: %s."
                                    .formatted(node, cause.getMessage());
                });
    }

    private static String tls(NodeAddress node, String reason) {
        if (reason.contains("unable to find valid certification path")) {
            return ("The certificate of the node at %s is of nobody who is trusted: give"
                            + " --tls-ca FILE with its authority.")
                    .formatted(node);
        }
        if (reason.contains("No subject alternative") || reason.contains("No name matching")) {
            return "The certificate of the node at %s is not for the name %s."
                    .formatted(node, node.host());
        }
        if (reason.contains("Unsupported or unrecognized SSL message")) {
            return "The node at %s does not talk TLS on this port.".formatted(node);
        }
        if (reason.contains("certificate_required") || reason.contains("bad_certificate")) {
            return ("The node at %s does not accept this client's certificate: --tls-cert and"
                            + " --tls-key give one.")
                    .formatted(node);
        }
        if (reason.contains("validity check failed")) {
            return "The certificate of the node at %s is not valid at this time.".formatted(node);
        }
        return "No TLS with the node at %s: %s.".formatted(node, reason);
    }

    private static byte[] ascii(String word) {
        return word.getBytes(StandardCharsets.US_ASCII);
    }

    private static void close(@Nullable Socket socket) {
        if (socket == null) {
            return;
        }
        try {
            socket.close();
        } catch (IOException e) {
            // It is of no use any more.
        }
    }

    @Override
    public void close() {
        close(socket);
    }
}
