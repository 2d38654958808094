package io.keyval.server;

import io.keyval.config.KeyvalProperties;
import io.keyval.protocol.CommandParser;
import io.keyval.protocol.FollowerGate;
import io.keyval.protocol.Limits;
import io.keyval.protocol.ReplyEncoder;
import io.keyval.store.Store;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.integration.channel.DirectChannel;
import org.springframework.integration.ip.tcp.connection.TcpConnectionInterceptorFactory;
import org.springframework.integration.ip.tcp.connection.TcpConnectionInterceptorFactoryChain;
import org.springframework.integration.ip.tcp.inbound.TcpReceivingChannelAdapter;
import org.springframework.integration.ip.tcp.outbound.TcpSendingMessageHandler;
import org.springframework.messaging.MessageChannel;
import org.springframework.util.unit.DataSize;

/** The flow from the port to the store and back, and where replication plugs in. */
@Configuration(proxyBeanMethods = false)
class ServerConfiguration {

    @Bean
    Limits protocolLimits(KeyvalProperties properties) {
        return new Limits(
                bytes(properties.limits().maxKeySize()), bytes(properties.limits().maxValueSize()));
    }

    private static int bytes(DataSize size) {
        return (int) Math.min(size.toBytes(), Integer.MAX_VALUE / 4);
    }

    @Bean
    Admissions admissions(
            KeyvalProperties properties,
            Limits limits,
            ObjectProvider<FollowerGate> gate,
            MeterRegistry registry) {
        Admissions admissions =
                new Admissions(
                        limits.maxLineSize(),
                        properties.limits().idleTimeout(),
                        secret(properties),
                        gate::getIfAvailable);
        Gauge.builder("keyval.connections", admissions, Admissions::clients)
                .description("Clients that are connected")
                .register(registry);
        Gauge.builder(
                        "keyval.connections.max",
                        properties.limits(),
                        KeyvalProperties.Limits::maxConnections)
                .description("Connections that may be open at once")
                .register(registry);
        return admissions;
    }

    private static byte @Nullable [] secret(KeyvalProperties properties) {
        String secret = properties.clientSecret();
        return secret == null ? null : secret.getBytes(StandardCharsets.UTF_8);
    }

    @Bean
    PeerConnectionFactory peerConnectionFactory(
            KeyvalProperties properties,
            Admissions admissions,
            ApplicationEventPublisher events,
            ObjectProvider<SslBundles> bundles,
            MeterRegistry registry) {
        int max = properties.limits().maxConnections();
        OccasionalLog log = new OccasionalLog(LoggerFactory.getLogger(TcpServer.class));
        Counter refused =
                Counter.builder("keyval.connections.refused")
                        .description("Connections that were one too many")
                        .register(registry);
        Counter noTls =
                Counter.builder("keyval.tls.failures")
                        .description("TLS handshakes that failed")
                        .register(registry);
        PeerConnectionFactory factory =
                new PeerConnectionFactory(
                        properties.port(),
                        max,
                        properties.limits().handshakeTimeout(),
                        properties.limits().maxOutput().toBytes(),
                        properties.tls().bundle() == null
                                ? null
                                : PortTls.of(properties.tls(), bundles.getObject(), noTls),
                        () -> {
                            refused.increment();
                            log.warn(
                                    "A connection is refused: %d are open, as many as allowed"
                                            .formatted(max));
                        });
        if (properties.address() != null) {
            factory.setLocalAddress(properties.address());
        }
        TcpConnectionInterceptorFactoryChain chain = new TcpConnectionInterceptorFactoryChain();
        chain.setInterceptor(
                new TcpConnectionInterceptorFactory() {
                    @Override
                    public HandshakeInterceptor getInterceptor() {
                        return new HandshakeInterceptor(events, admissions);
                    }
                });
        factory.setInterceptorFactoryChain(chain);
        return factory;
    }

    /** From the port: clients and followers. */
    @Bean
    DirectChannel peerInbound() {
        return new DirectChannel();
    }

    /** To the port: clients. */
    @Bean
    DirectChannel clientOutbound() {
        return new DirectChannel();
    }

    /** From the port: followers. Replication subscribes to it. */
    @Bean(FollowerGate.INBOUND_CHANNEL)
    DirectChannel followerInbound() {
        return new DirectChannel();
    }

    /** To the port: followers. Replication sends to it. */
    @Bean(FollowerGate.OUTBOUND_CHANNEL)
    DirectChannel followerOutbound() {
        return new DirectChannel();
    }

    @Bean
    TcpReceivingChannelAdapter peerReceiver(
            PeerConnectionFactory peerConnectionFactory, MessageChannel peerInbound) {
        TcpReceivingChannelAdapter adapter = new TcpReceivingChannelAdapter();
        adapter.setConnectionFactory(peerConnectionFactory);
        adapter.setOutputChannel(peerInbound);
        adapter.setAutoStartup(false);
        adapter.setPhase(TcpServer.PHASE - 1);
        return adapter;
    }

    @Bean
    TcpSendingMessageHandler peerSender(
            PeerConnectionFactory peerConnectionFactory,
            DirectChannel clientOutbound,
            DirectChannel followerOutbound) {
        TcpSendingMessageHandler sender = new TcpSendingMessageHandler();
        sender.setConnectionFactory(peerConnectionFactory);
        clientOutbound.subscribe(sender);
        followerOutbound.subscribe(sender);
        return sender;
    }

    @Bean
    PeerRouter peerRouter(
            KeyvalProperties properties,
            Store store,
            Limits limits,
            MeterRegistry registry,
            DirectChannel peerInbound,
            DirectChannel clientOutbound,
            DirectChannel followerInbound) {
        CommandHandler commands =
                new CommandHandler(
                        store,
                        new CommandParser(limits),
                        encoder(properties),
                        clientOutbound,
                        new CommandMeters(registry),
                        properties.limits().maxOutput().toBytes() / 2);
        PeerRouter router = new PeerRouter(commands, followerInbound);
        peerInbound.subscribe(router);
        return router;
    }

    private static ReplyEncoder encoder(KeyvalProperties properties) {
        return switch (properties.protocol().getMiss()) {
            case EMPTY_LINE -> ReplyEncoder.missAsEmptyLine();
            case NOT_FOUND -> ReplyEncoder.missAsNotFound();
        };
    }

    @Bean
    TcpServer tcpServer(
            PeerConnectionFactory peerConnectionFactory,
            TcpReceivingChannelAdapter peerReceiver,
            Admissions admissions) {
        return new TcpServer(peerConnectionFactory, peerReceiver, admissions);
    }
}
