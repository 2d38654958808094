package io.keyval.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.keyval.config.InvalidSettingException;
import io.keyval.it.Certificates;
import io.keyval.it.LineClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@Timeout(60)
@ExtendWith(OutputCaptureExtension.class)
class PortTlsTests {

    @TempDir static Path keys;

    private static Certificates certificates;
    private static Certificates.Identity node;
    private static SSLContext client;

    @TempDir Path directory;

    @BeforeAll
    static void makeCertificates() throws Exception {
        certificates = Certificates.in(keys);
        node = certificates.issue("node");
        client = certificates.client(null);
    }

    @Test
    void whenAClientSpeaksTlsThenEveryReplyComesInOrder() {
        try (TestNode tls = start();
                LineClient one = connect(tls, client).hello()) {
            String value = "v".repeat(500_000);
            assertThat(one.ask("PUT large " + value)).isEqualTo("OK");
            assertThat(one.pipeline(Collections.nCopies(50, "GET large")))
                    .isEqualTo(Collections.nCopies(50, value));
            assertThat(one.pipeline(List.of("PUT a 1", "GET a", "DELETE a", "GET a", "CLOSE")))
                    .containsExactly("OK", "1", "OK", "", "BYE");
            assertThat(one.read()).isNull();
        }
    }

    @Test
    void whenAClientClosesItsSideThenItGetsEveryReply() {
        try (TestNode tls = start();
                LineClient one = connect(tls, client)) {
            String requests = "HELLO CLIENT\nPUT a 1\n" + "GET a\n".repeat(50_000);
            one.send((requests + "GET unfinished").getBytes(UTF_8)).halfClose();
            assertThat(one.readAll()).hasSize(50_002).startsWith("HELLO SERVER", "OK", "1");
        }
    }

    @Test
    void whenTheFirstLineIsWrongThenTheAnswerComesBeforeTheEnd() {
        try (TestNode tls = start();
                LineClient one = connect(tls, client)) {
            one.send("NONSENSE\n" + "more\n".repeat(10_000));
            assertThat(one.readAll()).containsExactly("INVALID_HANDSHAKE_MESSAGE");
        }
    }

    @Test
    void whenAPeerSpeaksNoTlsThenItIsClosedCountedAndToldOnce(CapturedOutput output) {
        try (TestNode tls = start()) {
            for (int i = 0; i < 20; i++) {
                try (LineClient plain = tls.connect()) {
                    plain.send("HELLO CLIENT|hush hush\n");
                    readToTheEnd(plain);
                }
            }
            await().until(() -> tls.meters().counter("keyval.tls.failures").count() == 20);
            try (LineClient one = connect(tls, client)) {
                assertThat(one.hello().ask("PING")).isEqualTo("PONG");
            }
        }
        assertThat(output.getAll().lines().filter(line -> line.contains("No TLS with"))).hasSize(1);
        assertThat(output).contains("what it sent is no TLS");
        assertThat(output).doesNotContain("hush").doesNotContain("\tat ");
    }

    /** The end, or a reset: what was sent behind the first bytes is not read. */
    private static void readToTheEnd(LineClient plain) {
        try {
            while (plain.socket().getInputStream().read() >= 0) {
                assertThat(plain.socket().isClosed()).isFalse();
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @Test
    void whenAHandshakeIsNotFinishedInTimeThenTheConnectionCloses() throws Exception {
        try (TestNode tls = start("keyval.limits.handshake-timeout=6s");
                LineClient silent = tls.connect();
                LineClient half = tls.connect();
                LineClient speechless = connect(tls, client)) {
            half.send(new byte[] {22, 3, 1, 2, 0, 1});
            assertThat(silent.socket().getInputStream().read()).isEqualTo(-1);
            while (half.socket().getInputStream().read() >= 0) {
                assertThat(half.socket().isClosed()).isFalse();
            }
            assertThat(speechless.read()).isNull();
        }
    }

    @Test
    void whenTheNodeNeedsCertificatesThenOnlyGoodOnesComeIn(@TempDir Path others) throws Exception {
        Certificates strangers = Certificates.in(others);
        SSLContext known = certificates.client(certificates.issue("client"));
        try (TestNode tls = start("keyval.tls.client-auth=need")) {
            try (LineClient one = connect(tls, known).hello()) {
                assertThat(one.ask("PING")).isEqualTo("PONG");
            }
            assertRefused(tls, client);
            SSLContext expired =
                    certificates.client(
                            certificates.issue(
                                    "expired-client", "-startdate", "-10d", "-validity", "5"));
            assertRefused(tls, expired);
            assertThatThrownBy(() -> connect(tls, strangers.client(null)).hello())
                    .hasMessageContaining("valid certification path");
            assertThat(tls.meters().counter("keyval.tls.failures").count())
                    .isGreaterThanOrEqualTo(2);
        }
    }

    @Test
    void whenTheCertificateTheCommandsAndTheEndComeTogetherThenEveryReplyComes() throws Exception {
        SSLContext known = certificates.client(certificates.issue("hasty-client"));
        try (TestNode tls = start("keyval.tls.client-auth=need")) {
            for (int i = 0; i < 20; i++) {
                try (LineClient raw = tls.connect()) {
                    assertThat(inOneBreath(known, raw, "HELLO CLIENT\nPUT a 1\nGET a\n"))
                            .isEqualTo("HELLO SERVER\nOK\n1\n");
                }
            }
        }
    }

    /** Sends the last part of the handshake, the text and the end together; what is answered. */
    private static String inOneBreath(SSLContext context, LineClient raw, String text)
            throws Exception {
        SSLEngine engine = context.createSSLEngine("127.0.0.1", raw.socket().getPort());
        engine.setUseClientMode(true);
        engine.beginHandshake();
        ByteBuffer in = ByteBuffer.allocate(1 << 17).flip();
        ByteBuffer plain = ByteBuffer.allocate(1 << 17);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        InputStream from = raw.socket().getInputStream();
        while (engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
            switch (engine.getHandshakeStatus()) {
                case NEED_WRAP -> wrap(engine, ByteBuffer.allocate(0), out);
                case NEED_TASK -> engine.getDelegatedTask().run();
                default -> {
                    if (out.size() > 0) {
                        raw.send(out.toByteArray());
                        out.reset();
                    }
                    unwrap(engine, from, in, plain);
                }
            }
        }
        wrap(engine, ByteBuffer.wrap(text.getBytes(UTF_8)), out);
        raw.send(out.toByteArray()).halfClose();
        while (!engine.isInboundDone() && unwrap(engine, from, in, plain)) {
            assertThat(plain.hasRemaining()).isTrue();
        }
        return UTF_8.decode(plain.flip()).toString();
    }

    private static void wrap(SSLEngine engine, ByteBuffer plain, ByteArrayOutputStream out)
            throws IOException {
        ByteBuffer record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(plain, record);
        out.write(record.array(), 0, record.position());
    }

    /** False at the end of the stream. */
    private static boolean unwrap(
            SSLEngine engine, InputStream from, ByteBuffer in, ByteBuffer plain)
            throws IOException {
        while (engine.unwrap(in, plain).getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
            in.compact();
            int read = from.read(in.array(), in.position(), in.remaining());
            in.position(in.position() + Math.max(0, read)).flip();
            if (read < 0) {
                return false;
            }
        }
        return true;
    }

    /** In TLS 1.3 the refusal comes behind the client's part of the handshake. */
    private static void assertRefused(TestNode node, SSLContext context) {
        assertThatThrownBy(
                        () -> {
                            try (LineClient one = connect(node, context)) {
                                one.hello();
                            }
                        })
                .isInstanceOfAny(UncheckedIOException.class, IllegalStateException.class);
    }

    @Test
    void whenTheFilesChangeThenNewConnectionsGetTheNewCertificate(@TempDir Path files)
            throws Exception {
        Certificates.Identity own =
                new Certificates.Identity("own", files.resolve("crt"), files.resolve("key"));
        copy(node, own);
        try (TestNode tls =
                        TestNode.start(
                                directory,
                                settings(
                                        own,
                                        "spring.ssl.bundle.pem.kv.reload-on-update=true",
                                        "spring.ssl.bundle.watch.file.quiet-period=100ms"));
                LineClient before = connect(tls, client).hello()) {
            assertThat(shown(before)).isEqualTo("CN=node");
            copy(certificates.issue("renewed"), own);
            await().atMost(Duration.ofSeconds(30))
                    .until(
                            () -> {
                                try (LineClient after = connect(tls, client)) {
                                    return shown(after).equals("CN=renewed");
                                }
                            });
            assertThat(before.ask("PING")).isEqualTo("PONG");
        }
    }

    private static void copy(Certificates.Identity from, Certificates.Identity to)
            throws IOException {
        Files.copy(from.certificate(), to.certificate(), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(from.key(), to.key(), StandardCopyOption.REPLACE_EXISTING);
    }

    private static String shown(LineClient to) throws SSLPeerUnverifiedException {
        return ((SSLSocket) to.socket()).getSession().getPeerPrincipal().getName();
    }

    @Test
    void whenTheBundleIsMissingOrLacksWhatIsNeededThenTheStartFailsAndSaysSo() {
        assertThatThrownBy(() -> TestNode.start(directory, "keyval.tls.bundle=absent"))
                .hasRootCauseInstanceOf(NoSuchSslBundleException.class);
        assertThatThrownBy(
                        () ->
                                TestNode.start(
                                        directory,
                                        "keyval.tls.bundle=kv",
                                        "spring.ssl.bundle.pem.kv.truststore.certificate="
                                                + certificates.authority()))
                .hasRootCauseInstanceOf(InvalidSettingException.class)
                .rootCause()
                .hasMessageContaining("has no certificate");
        assertThatThrownBy(
                        () ->
                                TestNode.start(
                                        directory,
                                        "keyval.tls.bundle=kv",
                                        "keyval.tls.client-auth=want",
                                        "spring.ssl.bundle.pem.kv.keystore.certificate="
                                                + node.certificate(),
                                        "spring.ssl.bundle.pem.kv.keystore.private-key="
                                                + node.key()))
                .hasRootCauseInstanceOf(InvalidSettingException.class)
                .rootCause()
                .hasMessageContaining("whom to trust");
        assertThatThrownBy(() -> start("spring.ssl.bundle.pem.kv.options.enabled-protocols=TLS9"))
                .hasRootCauseInstanceOf(InvalidSettingException.class)
                .rootCause()
                .hasMessageContaining("TLS9");
    }

    @Test
    void whenAClientReadsNothingOverTlsThenItIsReadFromNoFurther() throws Exception {
        try (TestNode tls = start("keyval.limits.idle-timeout=6s");
                LineClient greedy = connect(tls, client).hello()) {
            assertThat(greedy.ask("PUT large " + "x".repeat(1_000_000))).isEqualTo("OK");
            byte[] requests = "GET large\n".repeat(1000).getBytes(UTF_8);
            assertThatThrownBy(
                            () -> {
                                while (true) {
                                    greedy.socket().getOutputStream().write(requests);
                                }
                            })
                    .isInstanceOf(IOException.class);
            await().until(() -> tls.bean(Admissions.class).clients() == 0);
        }
    }

    private static LineClient connect(TestNode to, SSLContext tls) {
        return LineClient.connect("127.0.0.1", to.port(), tls);
    }

    private TestNode start(String... more) {
        return TestNode.start(directory, settings(node, more));
    }

    private static String[] settings(Certificates.Identity identity, String... more) {
        return Stream.of(
                        Stream.of("keyval.tls.bundle=kv"),
                        Stream.of(certificates.bundle("kv", identity)),
                        Stream.of(more))
                .flatMap(settings -> settings)
                .toArray(String[]::new);
    }
}
