package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code cli} over TLS. */
class TlsTests {

    private static final String PASSWORD = "changeit";

    @TempDir static Path directory;

    /** A key, and the certificate that it signed for itself, in PEM. */
    private record Identity(Path certificate, Path key) {

        static Identity make(String name, String... names)
                throws IOException, InterruptedException, GeneralSecurityException {
            Path store = directory.resolve(name + ".p12");
            Process keytool =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "keytool")
                                            .toString(),
                                    "-genkeypair",
                                    "-keyalg",
                                    "EC",
                                    "-alias",
                                    "it",
                                    "-dname",
                                    "CN=" + name,
                                    "-ext",
                                    "san=" + String.join(",", names),
                                    "-storepass",
                                    PASSWORD,
                                    "-keystore",
                                    store.toString())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            assertThat(keytool.waitFor()).as("exit code of keytool").isZero();
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(store)) {
                keys.load(in, PASSWORD.toCharArray());
            }
            return new Identity(
                    pem(name + ".crt", "CERTIFICATE", keys.getCertificate("it").getEncoded()),
                    pem(
                            name + ".key",
                            "PRIVATE KEY",
                            keys.getKey("it", PASSWORD.toCharArray()).getEncoded()));
        }

        private static Path pem(String file, String kind, byte[] bytes) throws IOException {
            String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
            return Files.writeString(
                    directory.resolve(file),
                    "-----BEGIN %s-----\n%s\n-----END %1$s-----\n".formatted(kind, text));
        }

        SSLContext trusting(Identity other) throws IOException {
            return Tls.context(other.certificate, certificate, key);
        }
    }

    private static Identity local;
    private static Identity elsewhere;
    private static Identity client;

    @BeforeAll
    static void makeIdentities() throws Exception {
        local = Identity.make("local", "ip:127.0.0.1", "dns:localhost");
        elsewhere = Identity.make("elsewhere", "dns:kv.example");
        client = Identity.make("client", "dns:client");
    }

    @Test
    void whenTheCertificateIsTrustedThenCommandsPass() throws IOException {
        try (FakeNode node = FakeNode.startTls(local.trusting(client), false)) {
            assertThat(run(node, "--tls-ca", local.certificate))
                    .isEqualTo(new CommandRun(ExitCode.GOOD, "PONG\n", ""));
        }
    }

    @Test
    void whenTheCertificateIsNotTrustedThenOneSentenceSaysSo() throws IOException {
        try (FakeNode node = FakeNode.startTls(local.trusting(client), false)) {
            assertRefused(run(node, "--tls"), "is of nobody who is trusted: give --tls-ca");
        }
    }

    @Test
    void whenTheCertificateIsForAnotherNameThenOneSentenceSaysSo() throws IOException {
        try (FakeNode node = FakeNode.startTls(elsewhere.trusting(client), false)) {
            assertRefused(
                    run(node, "--tls-ca", elsewhere.certificate), "is not for the name 127.0.0.1");
        }
    }

    @Test
    void whenTheNodeWantsACertificateThenTheRightOneOpens() throws IOException {
        try (FakeNode node = FakeNode.startTls(local.trusting(client), true)) {
            assertThat(
                            run(
                                            node,
                                            "--tls-ca",
                                            local.certificate,
                                            "--tls-cert",
                                            client.certificate,
                                            "--tls-key",
                                            client.key)
                                    .out())
                    .isEqualTo("PONG\n");
            assertRefused(
                    run(node, "--tls-ca", local.certificate), "--tls-cert and --tls-key give");
        }
    }

    @Test
    void whenOneSideSpeaksNoTlsThenOneSentenceSaysSo() throws IOException {
        try (FakeNode node = FakeNode.startTls(local.trusting(client), false)) {
            assertRefused(run(node), "wants TLS");
        }
        try (FakeNode node = FakeNode.start()) {
            assertRefused(run(node, "--tls"), "does not talk TLS on this port");
        }
    }

    @Test
    void whenAFileHoldsNoKeyThenOneSentenceSaysSo() {
        CommandRun run =
                CommandRun.of(
                        "cli",
                        "--tls-cert",
                        client.certificate,
                        "--tls-key",
                        client.certificate,
                        "PING");
        assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
        assertThat(run.err()).contains("holds no private key in PKCS #8");
        assertThat(CommandRun.of("cli", "--tls-cert", client.certificate, "PING").code())
                .isEqualTo(ExitCode.USAGE);
    }

    private static void assertRefused(CommandRun run, String reason) {
        assertThat(run.err()).contains(reason).hasLineCount(1);
        assertThat(run.code()).isEqualTo(ExitCode.UNREACHABLE);
    }

    private static CommandRun run(FakeNode node, Object... options) {
        List<Object> args = new ArrayList<>(List.of("cli", "--port", node.port()));
        args.addAll(List.of(options));
        args.add("PING");
        return CommandRun.of(args.toArray());
    }
}
