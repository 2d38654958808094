package io.keyval.replication;

import io.keyval.config.KeyvalProperties;
import io.keyval.protocol.FollowerGate;
import io.keyval.store.KeyValueStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.integration.annotation.ServiceActivator;
import org.springframework.integration.ip.IpHeaders;
import org.springframework.integration.ip.tcp.connection.AbstractServerConnectionFactory;
import org.springframework.integration.ip.tcp.connection.TcpConnectionCloseEvent;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.MessageHandler;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.support.GenericMessage;

/** Plugs replication into the channels of the server. */
@Configuration(proxyBeanMethods = false)
@Profile("!cluster")
class ReplicationConfiguration {

    @Bean
    Replication replication(
            KeyvalProperties properties,
            KeyValueStore store,
            AbstractServerConnectionFactory server,
            MessageChannel followerOutbound,
            MeterRegistry registry,
            ApplicationContext context,
            ObjectProvider<SslBundles> bundles) {
        String bundle = properties.replication().tls().bundle();
        return new Replication(
                properties,
                store,
                connection -> new ConnectedPeer(connection, followerOutbound, server),
                new ReplicationMeters(registry),
                context,
                bundle == null ? null : LinkTls.of(bundle, bundles.getObject()));
    }

    @Bean
    FollowerGate followerGate(Replication replication) {
        return replication.gate();
    }

    @Bean
    @ServiceActivator(inputChannel = FollowerGate.INBOUND_CHANNEL)
    MessageHandler followerReceiver(Replication replication) {
        return message -> receive(replication.sessions(), message);
    }

    private static void receive(FollowerSessions sessions, Message<?> message) {
        MessageHeaders headers = message.getHeaders();
        String connection =
                Objects.requireNonNull(headers.get(IpHeaders.CONNECTION_ID, String.class));
        FollowerSession session = sessions.byConnection(connection);
        if (session != null) {
            session.received(
                    ByteBuffer.wrap((byte[]) message.getPayload()),
                    Objects.requireNonNull(headers.get(IpHeaders.IP_ADDRESS, String.class)));
        }
    }

    @Bean
    ApplicationListener<TcpConnectionCloseEvent> followerConnectionClosed(Replication replication) {
        return event -> replication.sessions().closed(event.getConnectionId());
    }

    /** A follower at its connection to this node's server. */
    private record ConnectedPeer(
            String connection, MessageChannel outbound, AbstractServerConnectionFactory server)
            implements FollowerSession.Peer {

        @Override
        public void send(byte[] bytes) {
            outbound.send(new GenericMessage<>(bytes, Map.of(IpHeaders.CONNECTION_ID, connection)));
        }

        @Override
        public void close() {
            server.closeConnection(connection);
        }
    }
}
