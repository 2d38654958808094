package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A leader and a follower that talk nothing but TLS, and let in clients that know a secret. */
class TlsIT {

    private static final String SECRET = "followers";
    private static final String CLIENT_SECRET = "clients";

    @TempDir static Path directory;

    private static Certificates certificates;
    private static NodeProcess leader;
    private static NodeProcess follower;

    @BeforeAll
    static void start() throws Exception {
        certificates = Certificates.in(directory);
        leader =
                configured(
                                NodeProcess.leader(directory.resolve("leader")),
                                certificates.issue("leader"))
                        .start();
        follower =
                configured(
                                NodeProcess.follower(
                                        2, directory.resolve("follower"), leader.port()),
                                certificates.issue("follower"))
                        .start();
    }

    private static NodeProcess.Builder configured(
            NodeProcess.Builder node, Certificates.Identity identity) throws Exception {
        return node.secret(SECRET)
                .clientSecret(CLIENT_SECRET)
                .tls(certificates.client(identity))
                .arguments(
                        "--keyval.tls.bundle=kv",
                        "--keyval.tls.client-auth=want",
                        "--keyval.replication.tls.bundle=kv")
                .arguments(
                        Stream.of(certificates.bundle("kv", identity))
                                .map(setting -> "--" + setting)
                                .toArray(String[]::new));
    }

    @AfterAll
    static void stop() {
        follower.close();
        leader.close();
    }

    @Test
    void whenALeaderStopsUnderLoadThenNothingAcknowledgedIsLostAndTheFollowerHasIt()
            throws Exception {
        AckedWrites writes = new AckedWrites(leader, 50, 100);
        writes.start(8, 1);
        await().until(() -> writes.acknowledged() > 5_000);
        assertThat(leader.stop()).isEqualTo(143);
        writes.join();
        leader.start();
        assertThat(writes.check()).isEmpty();
        try (LineClient client = leader.client()) {
            assertThat(client.ask("PUT last 1")).isEqualTo("OK");
        }
        await().until(
                        () -> {
                            try (LineClient client = follower.client()) {
                                return "1".equals(client.ask("GET last"));
                            }
                        });
        assertThat(writes.check(follower)).isEmpty();
        assertThat(leader.output()).doesNotContain("\tat ");
        assertThat(follower.output()).doesNotContain("\tat ");
    }

    @Test
    void whenCommandsTalkTlsAndKnowTheSecretThenTheyWork() throws Exception {
        assertThat(run(CLIENT_SECRET, "cli", "PUT", "greeting", "hello")).isEqualTo("0 OK\n");
        assertThat(run(CLIENT_SECRET, "cli", "GET", "greeting")).isEqualTo("0 hello\n");
        assertThat(run("wrong", "cli", "PING"))
                .isEqualTo(
                        "3 The node at 127.0.0.1:%d does not accept this client secret.\n"
                                .formatted(leader.port()));
        Path entries = Files.writeString(directory.resolve("entries"), "imported yes\n");
        assertThat(run(CLIENT_SECRET, "import", entries.toString())).startsWith("0 ");
        assertThat(run(CLIENT_SECRET, "cli", "GET", "imported")).isEqualTo("0 yes\n");
    }

    /** The exit code of a command and what it printed. */
    private static String run(String secret, String command, String... arguments)
            throws IOException, InterruptedException {
        List<String> all =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "-jar",
                                System.getProperty("keyval.jar"),
                                command,
                                "--port=" + leader.port(),
                                "--tls-ca=" + certificates.authority()));
        all.addAll(List.of(arguments));
        Path out = directory.resolve("out");
        ProcessBuilder builder =
                new ProcessBuilder(all).redirectErrorStream(true).redirectOutput(out.toFile());
        builder.environment().put("KEYVAL_CLIENT_SECRET", secret);
        int code = builder.start().waitFor();
        return code + " " + Files.readString(out);
    }
}
