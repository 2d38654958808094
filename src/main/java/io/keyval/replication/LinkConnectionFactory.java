package io.keyval.replication;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.core.serializer.Deserializer;
import org.springframework.core.serializer.Serializer;
import org.springframework.integration.ip.tcp.connection.TcpConnectionSupport;
import org.springframework.integration.ip.tcp.connection.TcpNetClientConnectionFactory;
import org.springframework.integration.ip.tcp.serializer.SoftEndOfStreamException;

/**
 * Connects a follower to its leader, from the node's own address, on a virtual thread. Messages are
 * bytes as they come.
 */
final class LinkConnectionFactory extends TcpNetClientConnectionFactory {

    private static final int READ_BYTES = 256 << 10;

    private final @Nullable String localAddress;
    private final int connectMillis;
    private final @Nullable LinkTls tls;

    LinkConnectionFactory(
            String host,
            int port,
            @Nullable String localAddress,
            Duration connectTimeout,
            @Nullable LinkTls tls) {
        super(host, port);
        this.localAddress = localAddress;
        this.connectMillis = (int) connectTimeout.toMillis();
        this.tls = tls;
        Thread.Builder threads = Thread.ofVirtual().name("leader-link-", 0);
        setTaskExecutor(threads::start);
        setSoTcpNoDelay(true);
        setSoKeepAlive(true);
        setSerializer(AS_IT_IS);
        setDeserializer(new Chunks());
    }

    /** The connection that is open, or null. */
    @Nullable TcpConnectionSupport current() {
        TcpConnectionSupport last = getTheConnection();
        return last != null && last.isOpen() ? last : null;
    }

    @Override
    protected Socket createSocket(String host, int port) throws IOException {
        Socket socket = new Socket();
        try {
            if (localAddress != null) {
                socket.bind(new InetSocketAddress(InetAddress.getByName(localAddress), 0));
            }
            socket.connect(new InetSocketAddress(host, port), connectMillis);
            return tls == null ? socket : tls.secure(socket, host, port, connectMillis);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private static final Serializer<byte[]> AS_IT_IS = LinkConnectionFactory::write;

    private static void write(byte[] bytes, OutputStream out) throws IOException {
        out.write(bytes);
    }

    /**
     * At least one byte, and whatever else has come, in an array of the reading thread's that is
     * used again and again.
     */
    private static final class Chunks implements Deserializer<ByteBuffer> {

        private final ThreadLocal<byte[]> buffers =
                ThreadLocal.withInitial(() -> new byte[READ_BYTES]);

        @Override
        public ByteBuffer deserialize(InputStream in) throws IOException {
            byte[] buffer = buffers.get();
            int read = in.read(buffer);
            if (read < 0) {
                throw new SoftEndOfStreamException("end of stream");
            }
            return ByteBuffer.wrap(buffer, 0, read);
        }
    }
}
