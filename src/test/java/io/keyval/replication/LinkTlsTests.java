package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.keyval.command.Command;
import io.keyval.it.Certificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** A follower that connects to its leader by TLS. */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class LinkTlsTests {

    @TempDir static Path keys;

    private static Certificates certificates;
    private static Certificates.Identity node;

    @TempDir Path directory;

    @BeforeAll
    static void makeCertificates() throws Exception {
        certificates = Certificates.in(keys);
        node = certificates.issue("node");
    }

    @Test
    void whenBothShowGoodCertificatesThenTheFollowerGetsEverything() {
        try (ReplicaNode leader = leader(node, "keyval.tls.client-auth=need");
                ReplicaNode follower = follower(leader)) {
            leader.store().execute(List.of(put("a", "1"))).toCompletableFuture().join();
            await().atMost(Duration.ofSeconds(30)).until(follower::isStreaming);
            leader.store().execute(List.of(put("b", "2"))).toCompletableFuture().join();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> follower.store().wal().position() == 2);
        }
    }

    @Test
    void whenTheLeadersCertificateIsNoGoodThenTheLinkSaysWhyAndJoinsOnceItIs(
            @TempDir Path others, CapturedOutput output) throws Exception {
        Certificates.Identity now =
                new Certificates.Identity("now", others.resolve("crt"), others.resolve("key"));
        Certificates strangers = Certificates.in(Files.createDirectory(others.resolve("ca")));
        copy(strangers.issue("stranger"), now);
        try (ReplicaNode leader =
                        leader(
                                now,
                                "spring.ssl.bundle.pem.kv.reload-on-update=true",
                                "spring.ssl.bundle.watch.file.quiet-period=100ms");
                ReplicaNode follower = follower(leader)) {
            awaitReason(follower, "its certificate is of nobody whom the SSL bundle 'kv' trusts");
            copy(
                    certificates.issue(
                            "old",
                            "-startdate",
                            "-10d",
                            "-validity",
                            "5",
                            "-ext",
                            "san=ip:127.0.0.1"),
                    now);
            awaitReason(follower, "its certificate has expired");
            copy(certificates.issue("elsewhere", "-ext", "san=dns:kv.example"), now);
            awaitReason(follower, "its certificate is not for the name 127.0.0.1");
            copy(node, now);
            await().atMost(Duration.ofSeconds(30)).until(follower::isStreaming);
        }
        assertThat(output).doesNotContain("\tat ");
        assertThat(output.getAll().lines().filter(line -> line.contains("has expired"))).hasSize(1);
    }

    @Test
    void whenOneSideSpeaksNoTlsThenTheLinkSaysSo(@TempDir Path other) {
        try (ReplicaNode leader = leader(node);
                ReplicaNode follower = ReplicaNode.follower(2, other, leader.port())) {
            awaitReason(follower, "set keyval.replication.tls.bundle");
        }
        try (ReplicaNode leader = ReplicaNode.leader(other.resolve("leader"));
                ReplicaNode follower = follower(leader)) {
            awaitReason(follower, "it does not talk TLS on this port");
        }
    }

    @Test
    void whenTheBundleIsMissingThenTheStartFails() {
        assertThatThrownBy(
                        () ->
                                ReplicaNode.follower(
                                        2, directory, 1, "keyval.replication.tls.bundle=absent"))
                .hasRootCauseInstanceOf(NoSuchSslBundleException.class);
    }

    private static void awaitReason(ReplicaNode follower, String reason) {
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> {
                            LinkStatus link = follower.replication().link();
                            assertThat(link).isNotNull();
                            assertThat(link.reason()).contains(reason);
                        });
    }

    private static Command.Put put(String key, String value) {
        return new Command.Put(key.getBytes(), value.getBytes());
    }

    private static void copy(Certificates.Identity from, Certificates.Identity to)
            throws IOException {
        Files.copy(from.certificate(), to.certificate(), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(from.key(), to.key(), StandardCopyOption.REPLACE_EXISTING);
    }

    private ReplicaNode leader(Certificates.Identity identity, String... more) {
        List<String> settings = new ArrayList<>(List.of(more));
        settings.add("keyval.tls.bundle=kv");
        settings.addAll(List.of(certificates.bundle("kv", identity)));
        return ReplicaNode.leader(directory.resolve("leader"), settings.toArray(String[]::new));
    }

    private ReplicaNode follower(ReplicaNode leader) {
        List<String> settings = new ArrayList<>(List.of("keyval.replication.tls.bundle=kv"));
        settings.addAll(List.of(certificates.bundle("kv", node)));
        return ReplicaNode.follower(
                2, directory.resolve("follower"), leader.port(), settings.toArray(String[]::new));
    }
}
