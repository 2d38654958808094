package io.keyval.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.keyval.it.FreePorts;
import io.keyval.it.LineClient;
import io.keyval.store.KeyValueStore;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@Timeout(60)
@ExtendWith(OutputCaptureExtension.class)
class TcpServerTests {

    @TempDir Path directory;

    @Test
    void whenThePortIsInUseThenTheStartFailsAndSaysSo() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            int port = other.getLocalPort();

            assertThatThrownBy(() -> TestNode.start(directory, "keyval.port=" + port))
                    .hasRootCauseInstanceOf(BindException.class)
                    .cause()
                    .isInstanceOfSatisfying(
                            PortUnavailableException.class,
                            e -> assertThat(e.port()).isEqualTo(port))
                    .hasMessageContaining("127.0.0.1:" + port);
        }
    }

    @Test
    void whenAPortIsGivenThenItIsTheOneThatOpens() throws IOException {
        int port = FreePorts.one();
        try (TestNode node = TestNode.start(directory, "keyval.port=" + port)) {
            assertThat(node.port()).isEqualTo(port);
            assertThat(LineClient.connect("127.0.0.1", port).ask("HELLO CLIENT"))
                    .isEqualTo("HELLO SERVER");
        }
    }

    @Test
    void whenAllPlacesAreTakenThenOneMoreIsClosedAtOnce() {
        try (TestNode node = TestNode.start(directory, "keyval.limits.max-connections=2");
                LineClient first = node.client()) {
            try (LineClient second = node.client();
                    LineClient third = node.connect()) {
                assertThat(third.read()).isNull();
                assertThat(second.ask("PING")).isEqualTo("PONG");
                assertThat(node.meters().counter("keyval.connections.refused").count())
                        .isEqualTo(1);
            }
            await().until(() -> clients(node) == 1);
            try (LineClient fourth = node.client()) {
                assertThat(fourth.ask("PING")).isEqualTo("PONG");
            }
            assertThat(first.ask("PING")).isEqualTo("PONG");
        }
    }

    @Test
    void whenTheHelloLineDoesNotEndInTimeThenTheConnectionCloses() {
        try (TestNode node = TestNode.start(directory, "keyval.limits.handshake-timeout=6s");
                LineClient silent = node.connect();
                LineClient slow = node.connect();
                LineClient good = node.client();
                ScheduledExecutorService trickle = Executors.newScheduledThreadPool(1)) {
            trickle.scheduleAtFixedRate(
                    () -> slow.send("x".getBytes(UTF_8)), 0, 50, TimeUnit.MILLISECONDS);

            assertThat(silent.readAll()).isEmpty();
            assertThat(slow.readAll()).isEmpty();
            assertThat(good.ask("PING")).isEqualTo("PONG");
            trickle.shutdownNow();
        }
    }

    @Test
    void whenAClientIsIdleForTooLongThenItsConnectionCloses() {
        try (TestNode node = TestNode.start(directory, "keyval.limits.idle-timeout=6s");
                LineClient client = node.client()) {
            assertThat(client.ask("PING")).isEqualTo("PONG");
            assertThat(client.read()).isNull();
        }
    }

    @Test
    void whenAClientReadsNothingThenItIsReadFromNoFurtherAndOthersDoNotNotice() throws Exception {
        try (TestNode node = TestNode.start(directory);
                LineClient greedy = node.client();
                LineClient other = node.client()) {
            other.ask("PUT large " + "x".repeat(1_000_000));
            byte[] requests = "GET large\n".repeat(1000).getBytes(UTF_8);
            AtomicLong sent = new AtomicLong();
            OutputStream out = greedy.socket().getOutputStream();
            CompletableFuture<Void> sending =
                    CompletableFuture.runAsync(
                            () -> {
                                while (true) {
                                    try {
                                        out.write(requests);
                                    } catch (IOException e) {
                                        return;
                                    }
                                    sent.incrementAndGet();
                                }
                            },
                            Thread.ofVirtual()::start);

            await().during(Duration.ofMillis(500)).until(sent::get, new Unchanging());
            for (int i = 0; i < 1000; i++) {
                assertThat(other.ask("PING")).isEqualTo("PONG");
            }

            greedy.socket().close();
            sending.get(10, TimeUnit.SECONDS);
            await().until(() -> clients(node) == 1);
        }
    }

    @Test
    void whenFarMoreIsAskedForThanMayWaitThenAllComesInOrder() {
        try (TestNode node = TestNode.start(directory, "keyval.limits.max-output=64KB");
                LineClient client = node.client()) {
            List<String> requests = new ArrayList<>();
            List<String> replies = new ArrayList<>();
            for (int round = 0; round < 5; round++) {
                String value = round + "x".repeat(100_000);
                requests.add("PUT large " + value);
                replies.add("OK");
                for (int i = 0; i < 200; i++) {
                    requests.add(i % 50 == 7 ? "PUT small " + i : "GET large");
                    replies.add(i % 50 == 7 ? "OK" : value);
                }
            }
            requests.add("CLOSE");
            replies.add("BYE");
            assertThat(client.pipeline(requests)).isEqualTo(replies);
            assertThat(client.read()).isNull();
        }
    }

    @Test
    void whenAClientReadsNothingForTheIdleTimeoutThenItsConnectionCloses() {
        try (TestNode node = TestNode.start(directory, "keyval.limits.idle-timeout=4s");
                LineClient greedy = node.client()) {
            greedy.ask("PUT large " + "x".repeat(1_000_000));
            greedy.send("GET large\n".repeat(100).getBytes(UTF_8));
            await().until(() -> clients(node) == 0);
        }
    }

    @Test
    void whenPeersResetTheirConnectionsThenTheLogHasNoStackTrace(CapturedOutput output)
            throws Exception {
        try (TestNode node = TestNode.start(directory)) {
            List<String> beginnings =
                    List.of(
                            "",
                            "HEL",
                            "HELLO CLIENT\n",
                            "HELLO CLIENT\nPUT a ",
                            "HELLO CLIENT\nCLOSE\n",
                            "HELLO FOLLOWER|2:secret\n",
                            "GET / HTTP/1.1\n",
                            "HELLO CLIENT\nPUT a " + "x".repeat(900_000) + "\n",
                            "HELLO CLIENT\n" + "GET a\n".repeat(20_000));
            for (int i = 0; i < 20; i++) {
                for (String beginning : beginnings) {
                    try (LineClient client = node.connect()) {
                        client.send(beginning.getBytes(UTF_8));
                        client.socket().setSoLinger(true, 0);
                    }
                }
            }
            try (LineClient client = node.client()) {
                await().until(() -> clients(node) == 1);
                assertThat(client.ask("PING")).isEqualTo("PONG");
            }
            await().until(() -> node.bean(PeerConnectionFactory.class).openConnections().isEmpty());
            assertThat(clients(node)).isZero();
        }
        assertThat(output).doesNotContain("\tat ").doesNotContain("ERROR");
    }

    @Test
    void whenTheStoreFailsThenTheReplyIsError() {
        try (TestNode node = TestNode.start(directory);
                LineClient client = node.client()) {
            client.ask("PUT a 1");
            node.bean(KeyValueStore.class).stop();

            assertThat(client.ask("PUT a 2")).isEqualTo("ERROR");
            assertThat(client.ask("GET a")).isEqualTo("1");
            assertThat(client.ask("CLOSE")).isEqualTo("BYE");
        }
    }

    @Test
    void whenAMissIsSetToNotFoundThenItReadsSo() {
        try (TestNode node = TestNode.start(directory, "keyval.protocol.get-miss=not-found");
                LineClient client = node.client()) {
            assertThat(client.ask("GET a")).isEqualTo("NOT_FOUND");
        }
    }

    @Test
    void whenTheNodeIsAFollowerThenItTakesNoWritesAndNoFollowers() {
        try (TestNode node =
                        TestNode.start(
                                directory,
                                "spring.profiles.active=follower",
                                "keyval.id=2",
                                "keyval.secret=secret");
                LineClient client = node.client();
                LineClient follower = node.connect()) {
            assertThat(client.ask("PUT a b")).isEqualTo("WRITE_NOT_ALLOWED");
            assertThat(client.ask("DELETE a")).isEqualTo("WRITE_NOT_ALLOWED");
            assertThat(client.ask("GET a")).isEmpty();
            assertThat(client.ask("PING")).isEqualTo("PONG");
            assertThat(follower.send("HELLO FOLLOWER|3:secret").readAll())
                    .containsExactly("CANNOT_ACCEPT_FOLLOWER_CONNECTION");
        }
    }

    @Test
    void whenCommandsAreAnsweredThenTheyAreCountedByVerbAndOutcome() {
        try (TestNode node = TestNode.start(directory);
                LineClient client = node.client();
                LineClient nobody = node.connect()) {
            assertThat(nobody.socket().isConnected()).isTrue();
            client.pipeline(List.of("PUT a b", "GET a", "GET a", "GET b", "DELETE a", "DELETE a"));
            client.pipeline(List.of("PING", "bad", ""));

            assertThat(commands(node, "put", "ok")).isEqualTo(1);
            assertThat(commands(node, "get", "ok")).isEqualTo(2);
            assertThat(commands(node, "get", "miss")).isEqualTo(1);
            assertThat(commands(node, "delete", "ok")).isEqualTo(1);
            assertThat(commands(node, "delete", "not_found")).isEqualTo(1);
            assertThat(commands(node, "ping", "ok")).isEqualTo(1);
            assertThat(commands(node, "invalid", "invalid")).isEqualTo(2);
            assertThat(commands(node, "put", "not_allowed")).isZero();
            assertThat(clients(node)).isEqualTo(1);
        }
    }

    @Test
    void whenTheServerStopsThenWhatWasReadIsAnsweredAndDurable() {
        List<String> replies = new ArrayList<>();
        try (TestNode node =
                TestNode.start(directory, "spring.lifecycle.timeout-per-shutdown-phase=20s")) {
            LineClient client = node.client();
            CompletableFuture<Void> sending =
                    CompletableFuture.runAsync(
                            () -> {
                                for (int i = 0; i < 1_000_000; i++) {
                                    client.send("PUT key" + i + " " + i);
                                }
                            },
                            Thread.ofVirtual()::start);
            CompletableFuture<Void> stopping = null;
            try {
                for (String reply = client.read(); reply != null; reply = client.read()) {
                    replies.add(reply);
                    if (replies.size() == 1000) {
                        stopping =
                                CompletableFuture.runAsync(
                                        node::close, task -> new Thread(task).start());
                    }
                }
            } catch (UncheckedIOException e) {
                // Requests were under way that nobody read: the connection is reset behind the
                // replies.
            }
            assertThat(stopping).isNotNull().succeedsWithin(Duration.ofSeconds(20));
            assertThat(sending).failsWithin(Duration.ofSeconds(10));
            client.close();
        }
        assertThat(replies).hasSizeGreaterThanOrEqualTo(1000).containsOnly("OK");
        try (TestNode node = TestNode.start(directory);
                LineClient client = node.client()) {
            for (int i = 0; i < replies.size(); i++) {
                assertThat(client.ask("GET key" + i)).isEqualTo(Integer.toString(i));
            }
            assertThat(client.ask("GET key999999")).isEmpty();
        }
    }

    @Test
    void whenTheServerStopsThenClientsThatReadNothingDoNotHoldItUp() throws IOException {
        TestNode node =
                TestNode.start(directory, "spring.lifecycle.timeout-per-shutdown-phase=60s");
        try (LineClient idle = node.client();
                LineClient silent = node.connect();
                LineClient greedy = node.client()) {
            idle.ask("PUT large " + "x".repeat(1_000_000));
            greedy.send("GET large\n".repeat(100).getBytes(UTF_8));

            assertThat(CompletableFuture.runAsync(node::close))
                    .succeedsWithin(Duration.ofSeconds(30));

            assertThat(idle.read()).isNull();
            assertThat(silent.read()).isNull();
        }
    }

    private static double clients(TestNode node) {
        return node.meters().get("keyval.connections").gauge().value();
    }

    private static long commands(TestNode node, String verb, String outcome) {
        return node.meters()
                .get("keyval.commands")
                .tags("verb", verb, "outcome", outcome)
                .timer()
                .count();
    }

    /** Matches a number that is the same as the last time. */
    private static final class Unchanging implements Predicate<Long> {

        private long last = -1;

        @Override
        public boolean test(Long now) {
            boolean same = now == last;
            last = now;
            return same;
        }
    }
}
