package io.keyval.replication;

import java.io.IOException;
import java.net.Socket;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Objects;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.SslOptions;

/** TLS of a follower's link, by an SSL bundle as it is when the link connects. Thread-safe. */
final class LinkTls {

    private final String name;
    private final SslBundles bundles;

    private LinkTls(String name, SslBundles bundles) {
        this.name = name;
        this.bundles = bundles;
    }

    /**
     * TLS by this bundle.
     *
     * @throws RuntimeException if there is no such bundle, or it cannot be used
     */
    static LinkTls of(String name, SslBundles bundles) {
        bundles.getBundle(name).createSslContext();
        return new LinkTls(name, bundles);
    }

    /**
     * Exchanges certificates over a connection. The leader's has to be of somebody who is trusted,
     * and for this host.
     *
     * @throws SSLException with a message that is the reason
     */
    Socket secure(Socket connected, String host, int port, int timeoutMillis) throws IOException {
        SslBundle bundle = bundles.getBundle(name);
        SSLSocket socket =
                (SSLSocket)
                        bundle.createSslContext()
                                .getSocketFactory()
                                .createSocket(connected, host, port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        SslOptions options = bundle.getOptions();
        if (options.getEnabledProtocols() != null) {
            parameters.setProtocols(options.getEnabledProtocols());
        }
        if (options.getCiphers() != null) {
            parameters.setCipherSuites(options.getCiphers());
        }
        socket.setSSLParameters(parameters);
        socket.setSoTimeout(timeoutMillis);
        try {
            socket.startHandshake();
        } catch (SSLException e) {
            throw new SSLException(reason(e, host));
        }
        socket.setSoTimeout(0);
        return socket;
    }

    private String reason(SSLException failure, String host) {
        @Nullable String reason = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            switch (cause) {
                case CertificateExpiredException _ -> {
                    return "its certificate has expired";
                }
                case CertificateNotYetValidException _ -> {
                    return "its certificate is not valid yet";
                }
                case CertPathBuilderException _ ->
                        reason =
                                "its certificate is of nobody whom the SSL bundle '%s' trusts"
                                        .formatted(name);
                case CertPathValidatorException e ->
                        reason = "its certificate is no good: " + e.getMessage();
                case CertificateException e when isOfName(e) ->
                        reason = "its certificate is not for the name %s".formatted(host);
                default -> {}
            }
        }
        String message = String.valueOf(failure.getMessage());
        return Objects.requireNonNullElseGet(
                reason,
                () ->
                        message.contains("Unsupported or unrecognized SSL message")
                                ? "it does not talk TLS on this port"
                                : "no TLS with it: " + message);
    }

    private static boolean isOfName(CertificateException failure) {
        String message = String.valueOf(failure.getMessage());
        return message.startsWith("No subject alternative")
                || message.startsWith("No name matching");
    }
}
