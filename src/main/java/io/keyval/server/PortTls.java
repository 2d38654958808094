package io.keyval.server;

import io.keyval.config.InvalidSettingException;
import io.keyval.config.KeyvalProperties;
import io.micrometer.core.instrument.Counter;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.boot.ssl.SslStoreBundle;
import org.springframework.core.NestedExceptionUtils;

/**
 * TLS of the port. Each new connection gets the certificate that the SSL bundle has by then. What
 * handshakes cost is spent on threads of their own, so that many of them do not hold up those who
 * are in. Thread-safe.
 */
final class PortTls {

    private static final Logger log = LoggerFactory.getLogger(TcpServer.class);
    private static final int THREADS = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

    /** In TLS 1.2 a client that says it is done cannot get the replies that are still to come. */
    private static final String[] PROTOCOLS = {"TLSv1.3"};

    /** How long the last word waits for a peer that does not read. */
    private static final long CLOSE_MILLIS = 1000;

    private record Active(SSLContext context, SSLParameters parameters) {

        SSLEngine engine() {
            SSLEngine engine = context.createSSLEngine();
            engine.setUseClientMode(false);
            engine.setSSLParameters(parameters);
            return engine;
        }
    }

    private final OccasionalLog failures = new OccasionalLog(log);
    private final Executor handshakes = threads();
    private final KeyvalProperties.ClientAuth clientAuth;
    private final String name;
    private final Counter failed;
    private volatile Active active;

    private PortTls(
            String name, KeyvalProperties.ClientAuth clientAuth, SslBundle bundle, Counter failed) {
        this.name = name;
        this.clientAuth = clientAuth;
        this.failed = failed;
        this.active = activate(bundle);
    }

    /**
     * TLS by the bundle that the settings name.
     *
     * @param failed counts handshakes that fail
     * @throws InvalidSettingException if the bundle does not have what is needed
     */
    static PortTls of(KeyvalProperties.Tls settings, SslBundles bundles, Counter failed) {
        String name = Objects.requireNonNull(settings.bundle());
        PortTls tls = new PortTls(name, settings.clientAuth(), bundles.getBundle(name), failed);
        bundles.addBundleUpdateHandler(name, tls::change);
        return tls;
    }

    private static Executor threads() {
        ThreadPoolExecutor threads =
                new ThreadPoolExecutor(
                        THREADS,
                        THREADS,
                        10,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        Thread.ofPlatform().daemon().name("tls-", 0).factory());
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    private Active activate(SslBundle bundle) {
        SslStoreBundle stores = bundle.getStores();
        if (stores.getKeyStore() == null) {
            throw new InvalidSettingException(
                    "The SSL bundle '%1$s' has no certificate for keyval.tls.bundle: set spring.ssl.bundle.pem.%1$s.keystore.certificate and .private-key."
                            .formatted(name));
        }
        if (clientAuth != KeyvalProperties.ClientAuth.NONE && stores.getTrustStore() == null) {
            throw new InvalidSettingException(
                    "keyval.tls.client-auth needs to know whom to trust: set spring.ssl.bundle.pem.%s.truststore.certificate."
                            .formatted(name));
        }
        Active next = new Active(bundle.createSslContext(), parameters(bundle.getOptions()));
        try {
            next.engine();
        } catch (IllegalArgumentException e) {
            throw new InvalidSettingException(
                    "The options of the SSL bundle '%s' cannot be used: %s."
                            .formatted(name, e.getMessage()));
        }
        return next;
    }

    private SSLParameters parameters(SslOptions options) {
        SSLParameters parameters = new SSLParameters();
        String @Nullable [] protocols = options.getEnabledProtocols();
        parameters.setProtocols(protocols == null ? PROTOCOLS : protocols);
        String @Nullable [] ciphers = options.getCiphers();
        if (ciphers != null) {
            parameters.setCipherSuites(ciphers);
        }
        switch (clientAuth) {
            case NONE -> {}
            case WANT -> parameters.setWantClientAuth(true);
            case NEED -> parameters.setNeedClientAuth(true);
        }
        return parameters;
    }

    private void change(SslBundle bundle) {
        try {
            active = activate(bundle);
            log.info("New connections get the changed certificate of the SSL bundle '{}'", name);
        } catch (RuntimeException e) {
            log.warn(
                    "The SSL bundle '{}' has changed and cannot be used, the one of before stays in use: {}",
                    name,
                    NestedExceptionUtils.getMostSpecificCause(e).getMessage());
        }
    }

    /** Lets nothing but TLS through to the handlers that are added behind. */
    void protect(Channel channel) {
        SslHandler tls = new SslHandler(active.engine(), handshakes);
        // The time for HELLO is for both.
        tls.setHandshakeTimeoutMillis(0);
        tls.setCloseNotifyFlushTimeoutMillis(CLOSE_MILLIS);
        HandshakeReads reads = new HandshakeReads();
        tls.handshakeFuture().addListener(_ -> reads.end());
        channel.pipeline().addLast(reads, tls, new Events());
    }

    private void failed(Channel channel, Throwable cause) {
        if (cause instanceof ClosedChannelException) {
            return;
        }
        failed.increment();
        failures.warn("No TLS with %s: %s".formatted(channel.remoteAddress(), reason(cause)));
    }

    private static String reason(Throwable cause) {
        Throwable root = NestedExceptionUtils.getMostSpecificCause(cause);
        // Netty's message for what is no TLS holds the bytes, which may be a secret.
        return root instanceof NotSslRecordException
                ? "what it sent is no TLS"
                : root instanceof SSLException && root.getMessage() != null
                        ? root.getMessage()
                        : root.toString();
    }

    /** Makes of the events of TLS those that a plain connection has. */
    private final class Events extends ChannelInboundHandlerAdapter {

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (!handshake.isSuccess()) {
                    failed(context.channel(), handshake.cause());
                }
            } else if (event instanceof SslCloseCompletionEvent close) {
                if (close.isSuccess()) {
                    context.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
                }
            } else {
                context.fireUserEventTriggered(event);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.fireExceptionCaught(
                    cause instanceof DecoderException && cause.getCause() instanceof IOException io
                            ? io
                            : cause);
        }
    }
}
