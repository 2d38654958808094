package io.keyval.replication;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.AutowireCapableBeanFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.integration.channel.DirectChannel;
import org.springframework.integration.ip.IpHeaders;
import org.springframework.integration.ip.tcp.connection.TcpConnection;
import org.springframework.integration.ip.tcp.connection.TcpConnectionSupport;
import org.springframework.integration.ip.tcp.inbound.TcpReceivingChannelAdapter;
import org.springframework.integration.ip.tcp.outbound.TcpSendingMessageHandler;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHandler;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.support.GenericMessage;

/**
 * The adapters of a follower's link, in client mode on one connection factory. When to connect
 * again is decided by the link, not by their timer.
 */
final class LinkAdapters {

    private static final Duration NEVER = Duration.ofDays(36_500);

    private final LinkConnectionFactory connections;
    private final TcpReceivingChannelAdapter receiver = new TcpReceivingChannelAdapter();
    private final DirectChannel outbound = new DirectChannel();

    /**
     * Adapters that are not yet started.
     *
     * @param localAddress to connect from; null for any
     * @param tls TLS of the connection; null for none
     * @param received takes what the leader sends, byte buffers as they come, on the thread of the
     *     connection; they are not to be kept
     */
    LinkAdapters(
            String host,
            int port,
            @Nullable String localAddress,
            Duration connectTimeout,
            @Nullable LinkTls tls,
            ApplicationContext context,
            MessageHandler received) {
        connections = new LinkConnectionFactory(host, port, localAddress, connectTimeout, tls);
        connections.setApplicationEventPublisher(context);
        DirectChannel inbound = new DirectChannel();
        inbound.subscribe(received);
        receiver.setConnectionFactory(connections);
        receiver.setOutputChannel(inbound);
        receiver.setClientMode(true);
        receiver.setRetryInterval(NEVER.toMillis());
        OneConnectionSender sender = new OneConnectionSender(connections);
        outbound.subscribe(sender);
        AutowireCapableBeanFactory beans = context.getAutowireCapableBeanFactory();
        beans.initializeBean(inbound, "leaderInbound");
        beans.initializeBean(outbound, "leaderOutbound");
        beans.initializeBean(receiver, "leaderReceiver");
        beans.initializeBean(sender, "leaderSender");
    }

    void start() {
        receiver.start();
    }

    /** Closes the connection. */
    void stop() {
        receiver.stop();
    }

    /** The connection that is open, or a new one; fails when there can be none. */
    LeaderSession.Peer connect() throws InterruptedException {
        return new Connection(connections.getConnection());
    }

    /** Whether the message came, or is to go, over the connection of this id. */
    static boolean isOf(String connectionId, Message<?> message) {
        MessageHeaders headers = message.getHeaders();
        return connectionId.equals(headers.get(IpHeaders.CONNECTION_ID, String.class));
    }

    /** One connection: sends on it, and on no later one. */
    private final class Connection implements LeaderSession.Peer {

        private final TcpConnectionSupport connection;

        Connection(TcpConnectionSupport connection) {
            this.connection = connection;
        }

        @Override
        public String connectionId() {
            return connection.getConnectionId();
        }

        @Override
        public void send(byte[] bytes) {
            outbound.send(
                    new GenericMessage<>(bytes, Map.of(IpHeaders.CONNECTION_ID, connectionId())));
        }

        @Override
        public boolean isOpen() {
            return connection.isOpen();
        }

        @Override
        public void shutdownOutput() throws IOException {
            connection.shutdownOutput();
        }

        @Override
        public void close() {
            connection.close();
        }
    }

    /** Connects for nobody: what was meant for a connection that is closed is not sent. */
    private static final class OneConnectionSender extends TcpSendingMessageHandler {

        private final LinkConnectionFactory connections;

        OneConnectionSender(LinkConnectionFactory connections) {
            this.connections = connections;
            setConnectionFactory(connections);
            setClientMode(true);
            setRetryInterval(NEVER.toMillis());
        }

        @Override
        protected TcpConnection obtainConnection(Message<?> message) {
            TcpConnection open = connections.current();
            if (open == null || !isOf(open.getConnectionId(), message)) {
                throw new IllegalStateException(
                        "Not sent", new IOException("the connection is closed"));
            }
            return open;
        }
    }
}
