package io.keyval.cluster;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.apache.ratis.grpc.GrpcTlsConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.core.NestedExceptionUtils;

/**
 * TLS between the nodes: each shows its certificate, and trusts those that the SSL bundle trusts. A
 * new connection gets the certificate that the bundle has by then. The authorities that a node
 * names to those who connect stay those of its start. Thread-safe.
 */
final class NodeTls {

    private static final Logger log = LoggerFactory.getLogger(NodeTls.class);

    private record Managers(X509ExtendedKeyManager key, X509ExtendedTrustManager trust) {}

    private final String name;
    private volatile Managers managers;

    private NodeTls(String name, SslBundle bundle) {
        this.name = name;
        this.managers = managers(bundle);
    }

    /**
     * TLS by the bundle of a name.
     *
     * @throws ClusterException if the bundle does not have what is needed
     */
    static NodeTls of(String name, SslBundles bundles) {
        NodeTls tls = new NodeTls(name, bundles.getBundle(name));
        bundles.addBundleUpdateHandler(name, tls::change);
        return tls;
    }

    /** As Ratis has it: both sides show a certificate. */
    GrpcTlsConfig config() {
        return new GrpcTlsConfig(new Key(), new Trust(), true);
    }

    private static Managers managers(SslBundle bundle) {
        X509ExtendedKeyManager key = null;
        for (KeyManager each : bundle.getManagers().getKeyManagers()) {
            if (key == null && each instanceof X509ExtendedKeyManager found) {
                key = found;
            }
        }
        X509ExtendedTrustManager trust = null;
        for (TrustManager each : bundle.getManagers().getTrustManagers()) {
            if (trust == null && each instanceof X509ExtendedTrustManager found) {
                trust = found;
            }
        }
        if (bundle.getStores().getKeyStore() == null
                || bundle.getStores().getTrustStore() == null
                || key == null
                || trust == null) {
            throw new ClusterException(
                    "The SSL bundle of keyval.cluster.tls.bundle needs a certificate with its key, and certificates to trust: nodes check each other.");
        }
        return new Managers(key, trust);
    }

    private void change(SslBundle bundle) {
        try {
            managers = managers(bundle);
            log.info(
                    "New connections between nodes get the changed certificate of the SSL bundle '{}'",
                    name);
        } catch (RuntimeException e) {
            log.warn(
                    "The SSL bundle '{}' has changed and cannot be used between nodes, the one of before stays in use: {}",
                    name,
                    NestedExceptionUtils.getMostSpecificCause(e).getMessage());
        }
    }

    private final class Key extends X509ExtendedKeyManager {

        @Override
        public String @Nullable [] getClientAliases(String type, Principal @Nullable [] issuers) {
            return managers.key().getClientAliases(type, issuers);
        }

        @Override
        public @Nullable String chooseClientAlias(
                String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return managers.key().chooseClientAlias(types, issuers, socket);
        }

        @Override
        public @Nullable String chooseEngineClientAlias(
                String[] types, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
            return managers.key().chooseEngineClientAlias(types, issuers, engine);
        }

        @Override
        public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
            return managers.key().getServerAliases(type, issuers);
        }

        @Override
        public @Nullable String chooseServerAlias(
                String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return managers.key().chooseServerAlias(type, issuers, socket);
        }

        @Override
        public @Nullable String chooseEngineServerAlias(
                String type, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
            return managers.key().chooseEngineServerAlias(type, issuers, engine);
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            return managers.key().getCertificateChain(alias);
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            return managers.key().getPrivateKey(alias);
        }
    }

    private final class Trust extends X509ExtendedTrustManager {

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type)
                throws CertificateException {
            managers.trust().checkClientTrusted(chain, type);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            managers.trust().checkClientTrusted(chain, type, socket);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            managers.trust().checkClientTrusted(chain, type, engine);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type)
                throws CertificateException {
            managers.trust().checkServerTrusted(chain, type);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            managers.trust().checkServerTrusted(chain, type, socket);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            managers.trust().checkServerTrusted(chain, type, engine);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return managers.trust().getAcceptedIssuers();
        }
    }
}
