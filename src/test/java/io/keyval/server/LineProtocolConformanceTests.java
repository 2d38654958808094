package io.keyval.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.keyval.it.LineClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Walks through the protocol as a client and as a follower see it, row by row, on real sockets. */
class LineProtocolConformanceTests {

    private static final int MAX_KEY = 100;
    private static final int MAX_VALUE = 1000;

    private static TestNode node;
    private static RecordingGate gate;

    @BeforeAll
    static void start(@TempDir Path directory) {
        node =
                TestNode.start(
                        directory,
                        List.of(RecordingGate.class),
                        "keyval.limits.max-key-size=" + MAX_KEY + "B",
                        "keyval.limits.max-value-size=" + MAX_VALUE + "B");
        gate = node.bean(RecordingGate.class);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @Nested
    class Requests {

        @Test
        void whenAClientSaysHelloThenTheServerDoes() {
            try (LineClient client = node.connect()) {
                assertThat(client.ask("HELLO CLIENT")).isEqualTo("HELLO SERVER");
            }
        }

        @Test
        void whenAKeyIsPutThenItIsThereUntilItIsDeleted() {
            try (LineClient client = node.client()) {
                assertThat(client.ask("PUT key value")).isEqualTo("OK");
                assertThat(client.ask("GET key")).isEqualTo("value");
                assertThat(client.ask("PUT key other value")).isEqualTo("OK");
                assertThat(client.ask("GET key")).isEqualTo("other value");
                assertThat(client.ask("DELETE key")).isEqualTo("OK");
                assertThat(client.ask("DELETE key")).isEqualTo("NOT_FOUND");
                assertThat(client.ask("GET key")).isEmpty();
            }
        }

        @Test
        void whenAValueHasSpacesThenItIsTheWholeRestOfTheLine() {
            try (LineClient client = node.client()) {
                assertThat(client.ask("PUT s  a  b ")).isEqualTo("OK");
                assertThat(client.ask("GET s")).isEqualTo(" a  b ");
                assertThat(client.ask("PUT s  ")).isEqualTo("OK");
                assertThat(client.ask("GET s")).isEqualTo(" ");
            }
        }

        @Test
        void whenAClientPingsThenTheServerPongs() {
            try (LineClient client = node.client()) {
                assertThat(client.ask("PING")).isEqualTo("PONG");
            }
        }

        @Test
        void whenAClientSaysCloseThenItIsToldByeAndTheServerCloses() {
            try (LineClient client = node.client()) {
                assertThat(client.ask("CLOSE")).isEqualTo("BYE");
                assertThat(client.read()).isNull();
            }
        }

        @Test
        void whenCommandsStandBehindCloseThenTheyAreNotExecuted() {
            try (LineClient client = node.client();
                    LineClient other = node.client()) {
                client.send("PUT closed 1\nCLOSE\nPUT closed 2\nGET closed");

                assertThat(client.readAll()).containsExactly("OK", "BYE");
                assertThat(other.ask("GET closed")).isEqualTo("1");
            }
        }

        @Test
        void whenAClientGoesOnSendingAfterCloseThenItStillReadsEveryReply() {
            List<String> lines = new ArrayList<>(Collections.nCopies(5000, "PING"));
            lines.add("CLOSE");
            lines.addAll(Collections.nCopies(20_000, "PUT after close"));
            try (LineClient client = node.client()) {
                client.send(String.join("\n", lines));

                assertThat(client.readAll()).hasSize(5001).endsWith("PONG", "BYE");
            }
        }

        static List<String> invalid() {
            List<String> lines =
                    new ArrayList<>(
                            List.of(
                                    "",
                                    "\r",
                                    " ",
                                    "FOO",
                                    "FOO a b",
                                    "put a b",
                                    "Get a",
                                    "PUT",
                                    "PUT ",
                                    "PUT a",
                                    "PUT a ",
                                    "PUT  a",
                                    "PUT  a b",
                                    " PUT a b",
                                    "GET",
                                    "GET ",
                                    "GET a b",
                                    "GET a ",
                                    "GET  a",
                                    "DELETE",
                                    "DELETE ",
                                    "DELETE a b",
                                    "DELETE  a",
                                    "PING ",
                                    "PING a",
                                    "CLOSE now",
                                    "HELLO CLIENT",
                                    "HELLO FOLLOWER|2:secret"));
            lines.add("GET " + "k".repeat(MAX_KEY + 1));
            lines.add("DELETE " + "k".repeat(MAX_KEY + 1));
            lines.add("PUT " + "k".repeat(MAX_KEY + 1) + " v");
            lines.add("PUT k " + "v".repeat(MAX_VALUE + 1));
            lines.add("PUT k " + "v".repeat(10_000_000));
            lines.add("GET " + "k".repeat(300_000));
            lines.add("x".repeat(300_000));
            return lines;
        }

        @ParameterizedTest(name = "{index}")
        @MethodSource("invalid")
        void whenALineIsNoCommandThenTheConnectionStaysInStep(String line) {
            try (LineClient client = node.client()) {
                assertThat(client.ask(line)).isEqualTo("INVALID_COMMAND");
                assertThat(client.ask("PING")).isEqualTo("PONG");
            }
        }

        @Test
        void whenGoodAndBadLinesArePipelinedThenEachHasItsReplyInOrder() {
            List<String> lines = new ArrayList<>();
            List<String> expected = new ArrayList<>();
            for (String bad : invalid()) {
                lines.add(bad);
                expected.add("INVALID_COMMAND");
                lines.add("PUT step " + lines.size());
                expected.add("OK");
                lines.add("GET step");
                expected.add(Integer.toString(lines.size() - 2));
            }
            try (LineClient client = node.client()) {
                assertThat(client.pipeline(lines)).isEqualTo(expected);
            }
        }

        @Test
        void whenKeyAndValueAreAsLongAsAllowedThenTheyAreAccepted() {
            String key = "k".repeat(MAX_KEY);
            String value = "v".repeat(MAX_VALUE);
            try (LineClient client = node.client()) {
                assertThat(client.ask("PUT " + key + " " + value + "\r")).isEqualTo("OK");
                assertThat(client.ask("GET " + key + "\r")).isEqualTo(value);
                assertThat(client.ask("DELETE " + key + "\r")).isEqualTo("OK");
            }
        }
    }

    @Nested
    class Bytes {

        @Test
        void whenLinesEndWithCrLfThenTheCrIsDropped() {
            try (LineClient client = node.connect()) {
                client.send("HELLO CLIENT\r\nPUT cr a b\r\nGET cr\r\nPING\r\nCLOSE\r");

                assertThat(client.readAll())
                        .containsExactly("HELLO SERVER", "OK", "a b", "PONG", "BYE");
            }
        }

        @Test
        void whenAValueEndsWithCrThenOnlyOneIsDropped() {
            try (LineClient client = node.client()) {
                assertThat(client.ask("PUT cr2 a\r\r")).isEqualTo("OK");
                assertThat(client.ask("GET cr2")).isEqualTo("a\r");
            }
        }

        @Test
        void whenKeysAndValuesHoldEveryByteThenTheyComeBackUnchanged() {
            byte[] key = allBytesBut('\n', ' ');
            byte[] value = new byte[257];
            System.arraycopy(allBytesBut('\n'), 0, value, 0, 255);
            value[255] = ' ';
            value[256] = 'x';
            try (LineClient client = binaryNodeClient()) {
                client.send(concat("PUT ", key, " ", value, "\nGET ", key, "\n"));

                assertThat(client.read()).isEqualTo("OK");
                assertThat(client.readBytes()).isEqualTo(value);

                client.send(concat("DELETE ", key, "\n"));
                assertThat(client.read()).isEqualTo("OK");
            }
        }

        /** Keys may be {@code MAX_KEY} long here, so every byte but two is too much for one. */
        private LineClient binaryNodeClient() {
            return binary.client();
        }

        private static TestNode binary;

        @BeforeAll
        static void start(@TempDir Path directory) {
            binary = TestNode.start(directory);
        }

        @AfterAll
        static void stop() {
            binary.close();
        }

        private static byte[] allBytesBut(int... left) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int b = 0; b < 256; b++) {
                int each = b;
                if (java.util.Arrays.stream(left).noneMatch(l -> l == each)) {
                    bytes.write(b);
                }
            }
            return bytes.toByteArray();
        }
    }

    @Nested
    class Segments {

        private static final byte[] SESSION =
                ("HELLO CLIENT\nPUT seg v w\r\nGET seg\nbad\n\nDELETE seg\nDELETE seg\nGET seg\n"
                                + "PUT seg "
                                + "x".repeat(MAX_VALUE + 200)
                                + "\nPING\nCLOSE\n")
                        .getBytes(UTF_8);

        private static final List<String> REPLIES =
                List.of(
                        "HELLO SERVER",
                        "OK",
                        "v w",
                        "INVALID_COMMAND",
                        "INVALID_COMMAND",
                        "OK",
                        "NOT_FOUND",
                        "",
                        "INVALID_COMMAND",
                        "PONG",
                        "BYE");

        @Test
        void whenEverythingIsOneSegmentThenEveryReplyComes() {
            try (LineClient client = node.connect()) {
                assertThat(client.send(SESSION).readAll()).isEqualTo(REPLIES);
            }
        }

        @Test
        void whenEveryByteIsASegmentThenEveryReplyComes() {
            try (LineClient client = node.connect()) {
                for (byte b : SESSION) {
                    client.send(new byte[] {b});
                }
                assertThat(client.readAll()).isEqualTo(REPLIES);
            }
        }

        @Test
        void whenASessionIsSplitAnywhereThenEveryReplyComes() {
            for (int split = 1; split < 120; split++) {
                try (LineClient client = node.connect()) {
                    client.send(java.util.Arrays.copyOf(SESSION, split));
                    client.send(java.util.Arrays.copyOfRange(SESSION, split, SESSION.length));
                    assertThat(client.readAll()).as("split at %d", split).isEqualTo(REPLIES);
                }
            }
        }

        @Test
        void whenAClientHalfClosesThenItGetsEveryReplyBeforeTheServerCloses() {
            try (LineClient client = node.connect()) {
                client.send("HELLO CLIENT\nPUT half b\nGET half").halfClose();

                assertThat(client.readAll()).containsExactly("HELLO SERVER", "OK", "b");
            }
        }

        @Test
        void whenAClientHalfClosesBehindManyCommandsThenItGetsEveryReply() {
            int count = 20_000;
            StringBuilder lines = new StringBuilder("HELLO CLIENT");
            for (int i = 0; i < count; i++) {
                lines.append("\nPUT many ").append(i).append("\nGET many");
            }
            try (LineClient client = node.connect()) {
                client.send(lines.toString()).halfClose();

                List<String> replies = client.readAll();
                assertThat(replies).hasSize(1 + 2 * count).endsWith("OK", "" + (count - 1));
            }
        }

        @Test
        void whenTheLastLineHasNoLfThenItIsNoCommand() {
            try (LineClient client = node.connect();
                    LineClient other = node.client()) {
                client.send("HELLO CLIENT\nPUT last 1\nPUT last 2".getBytes(UTF_8)).halfClose();

                assertThat(client.readAll()).containsExactly("HELLO SERVER", "OK");
                assertThat(other.ask("GET last")).isEqualTo("1");
            }
        }

        @Test
        void whenAConnectionSaysNothingAndClosesThenNothingIsSaid() {
            try (LineClient client = node.connect()) {
                assertThat(client.halfClose().readAll()).isEmpty();
            }
        }

        @Test
        void whenWritesAndReadsArePipelinedThenAConnectionSeesItsOwnWrites() {
            Random random = new Random(5);
            Map<String, String> model = new HashMap<>();
            List<String> lines = new ArrayList<>();
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 20_000; i++) {
                String key = "own" + random.nextInt(20);
                switch (random.nextInt(3)) {
                    case 0 -> {
                        lines.add("PUT " + key + " " + i);
                        expected.add("OK");
                        model.put(key, Integer.toString(i));
                    }
                    case 1 -> {
                        lines.add("GET " + key);
                        expected.add(model.getOrDefault(key, ""));
                    }
                    default -> {
                        lines.add("DELETE " + key);
                        expected.add(model.remove(key) == null ? "NOT_FOUND" : "OK");
                    }
                }
            }
            try (LineClient client = node.client()) {
                assertThat(client.pipeline(lines)).isEqualTo(expected);
            }
        }
    }

    @Nested
    class Handshake {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "\r",
                    "PING",
                    "GET a",
                    "hello client",
                    "HELLO",
                    "HELLO ",
                    "HELLO CLIENT ",
                    "HELLO  CLIENT",
                    "HELLO SERVER",
                    "GET / HTTP/1.1\r\nHost: localhost\r\n\r",
                    "HELLO FOLLOWER",
                    "HELLO FOLLOWER|",
                    "HELLO FOLLOWER|2",
                    "HELLO FOLLOWER|2:",
                    "HELLO FOLLOWER|:secret",
                    "HELLO FOLLOWER|0:secret",
                    "HELLO FOLLOWER|-1:secret",
                    "HELLO FOLLOWER|x:secret",
                    "HELLO FOLLOWER|2.5:secret",
                    "HELLO FOLLOWER|99999999999999999999:secret",
                    "CLOSE\nHELLO CLIENT\nPING"
                })
        void whenTheFirstLineIsNoHelloThenItIsRefusedAndTheConnectionCloses(String line) {
            try (LineClient client = node.connect()) {
                assertThat(client.send(line).readAll())
                        .containsExactly("INVALID_HANDSHAKE_MESSAGE");
            }
        }

        @Test
        void whenTheFirstLineHasNoEndThenItIsRefusedBeforeItEnds() throws IOException {
            try (LineClient client = node.connect()) {
                byte[] piece = "x".repeat(8192).getBytes(UTF_8);
                client.send(piece);

                assertThat(client.read()).isEqualTo("INVALID_HANDSHAKE_MESSAGE");
                assertThat(client.read()).isNull();
                OutputStream out = client.socket().getOutputStream();
                await().untilAsserted(
                                () ->
                                        org.assertj.core.api.Assertions.assertThatExceptionOfType(
                                                        SocketException.class)
                                                .isThrownBy(() -> out.write(piece)));
            }
        }

        @ParameterizedTest
        @MethodSource("refusals")
        void whenARefusedPeerHasHalfClosedThenItIsToldAllTheSame(String hello, String refusal) {
            for (int i = 0; i < 20; i++) {
                try (LineClient client = node.connect()) {
                    assertThat(client.send(hello).halfClose().readAll()).containsExactly(refusal);
                }
            }
        }

        static Stream<Arguments> refusals() {
            return Stream.of(
                    arguments("HELLO FOLLOWER|2:wrong", "INVALID_SECRET_KEY"),
                    arguments("HELLO FOLLOWER|2:secret ", "INVALID_SECRET_KEY"),
                    arguments("HELLO FOLLOWER|1:wrong", "INVALID_SECRET_KEY"),
                    arguments("HELLO FOLLOWER|1:secret", "ID_ALREADY_TAKEN"));
        }

        @ParameterizedTest
        @MethodSource("refusals")
        void whenTheGateRefusesThenItsWordIsSaidAndTheConnectionCloses(String line, String word) {
            try (LineClient follower = node.connect()) {
                assertThat(follower.send(line + "\nmore").readAll()).containsExactly(word);
            }
        }
    }

    @Nested
    class Followers {

        @BeforeEach
        void allGone() {
            gate.leading = true;
            await().until(() -> gate.held().isEmpty());
        }

        @Test
        void whenAFollowerIsAdmittedThenHelloLeaderComesBeforeWhatTheLeaderSends() {
            try (LineClient follower = node.connect()) {
                assertThat(follower.ask("HELLO FOLLOWER|2:secret")).isEqualTo("HELLO LEADER");
                assertThat(follower.read()).isEqualTo("hi");
            }
        }

        @Test
        void whenAFollowerGoesThenItsCloseIsTold() {
            try (LineClient follower = node.connect()) {
                follower.ask("HELLO FOLLOWER|2:secret");
                assertThat(gate.held()).containsValue(2);
            }
            await().until(() -> gate.held().isEmpty());
        }

        @Test
        void whenTheNodeIsNoLeaderThenNoSecretIsLookedAt() {
            gate.leading = false;
            try (LineClient follower = node.connect()) {
                assertThat(follower.send("HELLO FOLLOWER|2:wrong").readAll())
                        .containsExactly("CANNOT_ACCEPT_FOLLOWER_CONNECTION");
            }
        }

        @Test
        void whenAnIdIsHeldThenItIsTakenUntilItsConnectionCloses() {
            try (LineClient first = node.connect();
                    LineClient second = node.connect()) {
                first.ask("HELLO FOLLOWER|2:secret");
                assertThat(second.send("HELLO FOLLOWER|2:secret").readAll())
                        .containsExactly("ID_ALREADY_TAKEN");
            }
            await().until(() -> gate.held().isEmpty());
            try (LineClient third = node.connect()) {
                assertThat(third.ask("HELLO FOLLOWER|2:secret")).isEqualTo("HELLO LEADER");
            }
        }

        @Test
        void whenThereIsNoRoomThenAFollowerIsToldSo() {
            List<LineClient> followers = new ArrayList<>();
            try {
                for (int id = 2; id < 2 + RecordingGate.ROOM; id++) {
                    LineClient follower = node.connect();
                    followers.add(follower);
                    assertThat(follower.ask("HELLO FOLLOWER|" + id + ":secret"))
                            .isEqualTo("HELLO LEADER");
                }
                try (LineClient late = node.connect()) {
                    assertThat(late.send("HELLO FOLLOWER|9:secret").readAll())
                            .containsExactly("MAX_SIZE_EXCEEDED");
                }
            } finally {
                followers.forEach(LineClient::close);
            }
        }

        @Test
        void whenBytesStandBehindTheHelloThenTheyAreHandedOverAsTheyAre() {
            byte[] bytes = new byte[500_000];
            new Random(1).nextBytes(bytes);
            for (int split : new int[] {0, 1, 2, 5000}) {
                try (LineClient follower = node.connect()) {
                    int id = 100 + split;
                    ByteArrayOutputStream first = new ByteArrayOutputStream();
                    first.writeBytes(("HELLO FOLLOWER|" + id + ":secret\r\n").getBytes(UTF_8));
                    first.write(bytes, 0, split);
                    follower.send(first.toByteArray());
                    follower.send(java.util.Arrays.copyOfRange(bytes, split, bytes.length));

                    await().until(() -> gate.received(id).length == bytes.length);
                    assertThat(gate.received(id)).isEqualTo(bytes);
                }
                await().until(() -> gate.held().isEmpty());
            }
        }

        @Test
        void whenTheLeaderSendsBytesThenTheyArriveAsTheyAre() throws IOException {
            byte[] bytes = new byte[3_000_000];
            new Random(2).nextBytes(bytes);
            try (LineClient follower = node.connect()) {
                assertThat(follower.ask("HELLO FOLLOWER|7:secret")).isEqualTo("HELLO LEADER");
                assertThat(follower.read()).isEqualTo("hi");
                String connectionId = gate.held().keySet().iterator().next();
                Thread sender =
                        Thread.ofVirtual().start(() -> gate.send(connectionId, bytes.clone()));

                byte[] received = follower.socket().getInputStream().readNBytes(bytes.length);

                assertThat(received).isEqualTo(bytes);
                assertThat(sender).satisfies(Thread::join);
            }
        }
    }

    private static byte[] concat(Object... parts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Object part : parts) {
            bytes.writeBytes(part instanceof byte[] b ? b : part.toString().getBytes(ISO_8859_1));
        }
        return bytes.toByteArray();
    }
}
