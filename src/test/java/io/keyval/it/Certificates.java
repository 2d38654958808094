package io.keyval.it;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** An authority, and the keys and certificates that it issues, as PEM files in a directory. */
public final class Certificates {

    private static final String PASSWORD = "changeit";

    private final Path directory;
    private final Path store;

    private Certificates(Path directory, Path store) {
        this.directory = directory;
        this.store = store;
    }

    /** A key and its certificate. */
    public record Identity(String name, Path certificate, Path key) {}

    /** A new authority with files in a directory that is there. */
    public static Certificates in(Path directory) throws IOException, GeneralSecurityException {
        Certificates made = new Certificates(directory, directory.resolve("store.p12"));
        made.keytool("ca", "-ext", "bc:c");
        made.issued("ca");
        return made;
    }

    /** The certificate of the authority. */
    public Path authority() {
        return directory.resolve("ca.crt");
    }

    /** Issues a certificate for 127.0.0.1 and localhost. */
    public Identity issue(String name) throws IOException, GeneralSecurityException {
        return issue(name, "-ext", "san=ip:127.0.0.1,dns:localhost");
    }

    /** Issues a certificate with options of keytool. */
    public Identity issue(String name, String... options)
            throws IOException, GeneralSecurityException {
        List<String> all = new ArrayList<>(List.of("-signer", "ca"));
        all.addAll(List.of(options));
        keytool(name, all.toArray(String[]::new));
        return issued(name);
    }

    private void keytool(String name, String... options) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-J-XX:TieredStopAtLevel=1",
                                "-genkeypair",
                                "-keyalg",
                                "EC",
                                "-groupname",
                                "secp256r1",
                                "-alias",
                                name,
                                "-dname",
                                "CN=" + name + (name.equals("ca") ? "-" + UUID.randomUUID() : ""),
                                "-storepass",
                                PASSWORD,
                                "-keystore",
                                store.toString()));
        command.addAll(List.of(options));
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try {
            if (process.waitFor() != 0) {
                throw new IllegalStateException("keytool ended with " + process.exitValue());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private Identity issued(String name) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        StringBuilder chain = new StringBuilder();
        for (Certificate certificate : keys.getCertificateChain(name)) {
            chain.append(pem("CERTIFICATE", certificate.getEncoded()));
        }
        return new Identity(
                name,
                Files.writeString(directory.resolve(name + ".crt"), chain),
                Files.writeString(
                        directory.resolve(name + ".key"),
                        pem(
                                "PRIVATE KEY",
                                keys.getKey(name, PASSWORD.toCharArray()).getEncoded())));
    }

    private static String pem(String kind, byte[] bytes) {
        return "-----BEGIN %s-----\n%s\n-----END %1$s-----\n"
                .formatted(
                        kind, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes));
    }

    /**
     * A client that trusts this authority.
     *
     * @param identity what it shows; null for nothing
     */
    public SSLContext client(@Nullable Identity identity)
            throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry(
                "ca",
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(Files.readAllBytes(authority()))));
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(
                identity == null ? null : keys(identity),
                trust.getTrustManagers(),
                new SecureRandom());
        return context;
    }

    private KeyManager[] keys(Identity identity) throws IOException, GeneralSecurityException {
        KeyStore all = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            all.load(in, PASSWORD.toCharArray());
        }
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, null);
        own.setKeyEntry(
                "own",
                all.getKey(identity.name(), PASSWORD.toCharArray()),
                PASSWORD.toCharArray(),
                all.getCertificateChain(identity.name()));
        KeyManagerFactory keys =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, PASSWORD.toCharArray());
        return keys.getKeyManagers();
    }

    /** Settings of an SSL bundle with an identity, that trusts an authority. */
    public String[] bundle(String bundle, Identity identity) {
        String prefix = "spring.ssl.bundle.pem." + bundle;
        return new String[] {
            prefix + ".keystore.certificate=" + identity.certificate(),
            prefix + ".keystore.private-key=" + identity.key(),
            prefix + ".truststore.certificate=" + authority()
        };
    }
}
