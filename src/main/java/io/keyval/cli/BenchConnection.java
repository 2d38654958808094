package io.keyval.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One client of a load: keeps as many requests under way as it is told, and checks each reply. One
 * thread uses it, that of its {@link BenchLoop}.
 */
final class BenchConnection {

    private static final int CONNECT_MILLIS = 5_000;
    private static final int LONGEST_HELLO = 256;
    private static final int DIGITS = 10;
    private static final byte[] GET = ascii("GET key:");
    private static final byte[] PUT = ascii("PUT key:");
    private static final byte[] OK = ascii("OK");
    private static final byte[] NOT_FOUND = ascii("NOT_FOUND");
    private static final byte[] ERROR = ascii("ERROR");
    private static final byte[] INVALID_COMMAND = ascii("INVALID_COMMAND");

    private final BenchSettings settings;
    private final SocketChannel channel;
    private final SelectionKey key;
    private final BenchLines replies = new BenchLines(1 << 16);

    /** Space, value and LF: what follows the key of a PUT. */
    private final byte[] putEnd;

    private final byte[] out;
    private final ByteBuffer unsent;

    /** A ring of what is under way: when it was sent, and whether it is a GET. */
    private final long[] sentAt;

    private final boolean[] gets;
    private int oldest;
    private int underWay;
    private long random;

    private BenchConnection(
            BenchSettings settings, SocketChannel channel, Selector selector, int number)
            throws IOException {
        this.settings = settings;
        this.channel = channel;
        this.key = channel.register(selector, SelectionKey.OP_READ, this);
        this.putEnd = new byte[settings.valueSize() + 2];
        Arrays.fill(putEnd, (byte) 'x');
        putEnd[0] = ' ';
        putEnd[putEnd.length - 1] = '\n';
        this.out = new byte[settings.inFlight() * (PUT.length + DIGITS + putEnd.length)];
        this.unsent = ByteBuffer.wrap(out).limit(0);
        this.sentAt = new long[settings.inFlight()];
        this.gets = new boolean[settings.inFlight()];
        this.random = 0x9e3779b97f4a7c15L * (number + 1);
    }

    /**
     * Connects and says HELLO.
     *
     * @param number tells connections apart: each draws keys of its own
     * @throws BenchLostException if nobody answers
     * @throws RefusedException if the answer is not the one to a client
     */
    static BenchConnection open(BenchSettings settings, Selector selector, int number)
            throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            Socket socket = channel.socket();
            socket.connect(new InetSocketAddress(settings.host(), settings.port()), CONNECT_MILLIS);
            socket.setSoTimeout(CONNECT_MILLIS);
            String secret = settings.secret();
            String hello = "HELLO CLIENT" + (secret == null ? "" : "|" + secret) + "\n";
            socket.getOutputStream().write(hello.getBytes(StandardCharsets.UTF_8));
            checkHello(settings, line(socket.getInputStream()));
            channel.configureBlocking(false);
            return new BenchConnection(settings, channel, selector, number);
        } catch (SocketTimeoutException e) {
            channel.close();
            throw new BenchLostException("%s does not answer.".formatted(settings.node()));
        } catch (IOException | RuntimeException e) {
            channel.close();
            if (e instanceof RefusedException refused) {
                throw refused;
            }
            String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            throw new BenchLostException(
                    "There is no connection to %s: %s.".formatted(settings.node(), reason));
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = in.read();
        while (next >= 0 && next != '\n' && line.length() < LONGEST_HELLO) {
            line.append((char) next);
            next = in.read();
        }
        return line.toString();
    }

    private static void checkHello(BenchSettings settings, String answer) {
        switch (answer) {
            case "HELLO SERVER" -> {}
            case "" ->
                    throw new RefusedException(
                            "%s closed the connection: it has as many as it takes, or it wants TLS."
                                    .formatted(settings.node()));
            case "INVALID_SECRET_KEY" ->
                    throw new RefusedException(
                            settings.secret() == null
                                    ? "%s wants a client secret: set KEYVAL_CLIENT_SECRET."
                                            .formatted(settings.node())
                                    : "%s does not accept the secret in KEYVAL_CLIENT_SECRET."
                                            .formatted(settings.node()));
            default ->
                    throw new RefusedException(
                            "%s does not answer HELLO as a keyval node does."
                                    .formatted(settings.node()));
        }
    }

    /** Sends what can be sent: what is left over first, then new requests of the loop's phase. */
    void send(BenchLoop loop) throws IOException {
        if (!flush()) {
            return;
        }
        int end = 0;
        long now = underWay < sentAt.length ? System.nanoTime() : 0;
        while (underWay < sentAt.length && loop.takeRequest(now)) {
            int slot = (oldest + underWay) % sentAt.length;
            boolean get = !loop.inOrder() && draw(100) < settings.reads();
            sentAt[slot] = now;
            gets[slot] = get;
            underWay++;
            long number = loop.inOrder() ? loop.nextKey() : draw(settings.keys());
            end = request(get, number, end);
        }
        unsent.limit(end).position(0);
        flush();
    }

    /** Writes a request at {@code at}; answers where it ends. */
    private int request(boolean get, long number, int at) {
        byte[] verb = get ? GET : PUT;
        System.arraycopy(verb, 0, out, at, verb.length);
        int end = at + verb.length + DIGITS;
        long rest = number;
        for (int i = end - 1; i >= end - DIGITS; i--) {
            out[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        if (get) {
            out[end] = '\n';
            return end + 1;
        }
        System.arraycopy(putEnd, 0, out, end, putEnd.length);
        return end + putEnd.length;
    }

    private long draw(long bound) {
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        return (random >>> 1) % bound;
    }

    /** True when nothing is left to be sent. */
    private boolean flush() throws IOException {
        if (unsent.hasRemaining()) {
            channel.write(unsent);
            boolean all = !unsent.hasRemaining();
            int wanted = all ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE;
            if (key.interestOps() != wanted) {
                key.interestOps(wanted);
            }
            return all;
        }
        return true;
    }

    /** Takes the replies that have come, and sends as many requests. */
    void receive(BenchLoop loop) throws IOException {
        int count = channel.read(replies.room());
        if (count < 0) {
            throw new IOException("the node closed it");
        }
        long now = System.nanoTime();
        int answered = 0;
        while (replies.next()) {
            if (underWay == 0) {
                throw new IOException("the node sent a reply that nobody asked for");
            }
            BenchTally tally = gets[oldest] ? loop.gets() : loop.puts();
            check(gets[oldest], tally);
            tally.answered(now - sentAt[oldest]);
            oldest = oldest + 1 < sentAt.length ? oldest + 1 : 0;
            underWay--;
            answered++;
        }
        if (answered > 0) {
            loop.answered(answered, now);
            send(loop);
        }
    }

    private void check(boolean get, BenchTally tally) {
        if (get && replies.from() == replies.to() || get && is(NOT_FOUND)) {
            tally.missed();
        } else if (get ? is(ERROR) || is(INVALID_COMMAND) : !is(OK)) {
            tally.failed(replies.bytes(), replies.from(), replies.to());
        }
    }

    private boolean is(byte[] word) {
        int size = replies.to() - replies.from();
        return size == word.length
                && Arrays.equals(word, 0, size, replies.bytes(), replies.from(), replies.to());
    }

    private static byte[] ascii(String word) {
        return word.getBytes(StandardCharsets.US_ASCII);
    }
}
