package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.keyval.it.FreePorts;
import java.io.IOException;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code bench} counts, at a server that answers as the test says. */
class BenchTests {

    private final Map<String, String> entries = new ConcurrentHashMap<>();
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());

    private String store(String line) {
        lines.add(line);
        String[] words = line.split(" ", 3);
        if (words[0].equals("GET")) {
            return entries.getOrDefault(words[1], "");
        }
        entries.put(words[1], words[2]);
        return "OK";
    }

    private static CommandRun bench(Function<String, @Nullable String> replies, String options) {
        try (BenchServer server = new BenchServer("HELLO SERVER", replies)) {
            return bench(server, options);
        }
    }

    private static CommandRun bench(BenchServer server, String options) {
        List<Object> args = new ArrayList<>(List.of("bench", "--port", server.port()));
        args.addAll(List.of(options.split(" ")));
        return CommandRun.of(args.toArray());
    }

    private static JsonNode json(CommandRun run) {
        return new JsonMapper().readTree(run.out());
    }

    @Test
    void whenRepliesComeInPiecesThenEachIsCountedOnce() {
        CommandRun run =
                bench(
                        this::store,
                        "--clients 3 --pipeline 5 --threads 2 --keys 50 --value-size 7 --fill"
                                + " --warmup 0 --reads 60 --requests 3001 --json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode result = json(run);
        assertThat(result.at("/all/requests").asLong()).isEqualTo(3001);
        long gets = lines.stream().filter(line -> line.startsWith("GET ")).count();
        assertThat(result.at("/get/requests").asLong()).isEqualTo(gets).isBetween(1500L, 2100L);
        assertThat(result.at("/put/requests").asLong()).isEqualTo(3001 - gets);
        assertThat(result.at("/misses").asLong()).isZero();
        assertThat(result.at("/errors").isEmpty()).isTrue();
        assertThat(result.at("/all/p99Ms").asDouble())
                .isPositive()
                .isLessThanOrEqualTo(result.at("/all/maxMs").asDouble());
        assertThat(lines).hasSize(3001 + 50);
        assertThat(entries).hasSize(50).containsEntry("key:0000000049", "xxxxxxx");
        assertThat(lines.stream().limit(50))
                .allMatch(line -> line.startsWith("PUT "))
                .doesNotHaveDuplicates();
    }

    @Test
    void whenTimeIsMeasuredThenItLastsAboutAsLong() {
        CommandRun run = bench(this::store, "--clients 2 --warmup 0 --seconds 1 --json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode result = json(run);
        assertThat(result.at("/seconds").asDouble()).isBetween(0.9, 30.0);
        assertThat(result.at("/all/requests").asLong()).isEqualTo(lines.size());
    }

    @Test
    void whenKeysAreAbsentThenMissesAreCountedAndNoErrors() {
        String options = "--clients 2 --pipeline 3 --warmup 0 --reads 100 --requests 500";
        for (String miss : List.of("", "NOT_FOUND")) {
            CommandRun run = bench(line -> miss, options);
            assertThat(run.code()).isZero();
            assertThat(run.out()).contains("misses  500 of 500 GETs").contains("errors  none");
        }
    }

    @Test
    void whenRepliesAreErrorsThenTheyAreCountedByReply() {
        AtomicInteger count = new AtomicInteger();
        CommandRun run =
                bench(
                        line -> count.incrementAndGet() % 2 == 0 ? "WRITE_NOT_ALLOWED" : "ERROR",
                        "--clients 1 --pipeline 4 --warmup 0 --reads 0 --requests 1000");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("500 x PUT: ERROR").contains("500 x PUT: WRITE_NOT_ALLOWED");
    }

    @Test
    void whenValuesAreNotThoseOfThisRunThenTheyAreNoErrors() {
        CommandRun run =
                bench(
                        line -> line.startsWith("GET ") ? "something else" : "OK",
                        "--clients 1 --warmup 0 --requests 100");
        assertThat(run.code()).as(run.out()).isZero();
    }

    @Test
    void whenAConnectionBreaksThenOneSentenceSaysSo() {
        AtomicInteger count = new AtomicInteger();
        CommandRun run =
                bench(
                        line -> count.incrementAndGet() > 100 ? null : "OK",
                        "--clients 2 --warmup 0 --reads 0 --requests 1000");
        assertThat(run.code()).isEqualTo(4);
        assertThat(run.err()).contains("The connection to 127.0.0.1:").contains("broke after");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void whenNobodyListensThenOneSentenceSaysSo() throws IOException {
        int port = FreePorts.one();
        CommandRun run = CommandRun.of("bench", "--port", port);
        assertThat(run.code()).isEqualTo(4);
        assertThat(run.err())
                .isEqualTo(
                        "There is no connection to 127.0.0.1:%d: Connection refused.%n"
                                .formatted(port));
    }

    @Test
    void whenTheNodeWantsAnotherSecretThenOneSentenceSaysSo() {
        try (BenchServer server = new BenchServer("INVALID_SECRET_KEY", line -> null)) {
            CommandRun run = bench(server, "--clients 1");
            assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
            assertThat(run.err()).contains("set KEYVAL_CLIENT_SECRET");
            assertThat(server.hellos()).containsExactly("HELLO CLIENT");
        }
    }

    @Test
    void whenThereIsAClientSecretThenItStandsInHello() throws IOException {
        try (BenchServer server = new BenchServer("INVALID_SECRET_KEY", line -> null);
                Selector selector = Selector.open()) {
            BenchSettings settings =
                    new BenchSettings("127.0.0.1", server.port(), "hush", 1, 1, 0, 1, 1, 1);
            assertThatThrownBy(() -> BenchConnection.open(settings, selector, 0))
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("does not accept the secret")
                    .hasMessageNotContaining("hush");
            assertThat(server.hellos()).containsExactly("HELLO CLIENT|hush");
        }
    }

    @Test
    void whenOptionsAreWrongThenNothingIsSent() {
        for (String options :
                List.of(
                        "--reads 101",
                        "--clients 0",
                        "--value-size 0",
                        "--seconds 1 --requests 1",
                        "--clients 50000 --pipeline 50000",
                        "--secret hush")) {
            CommandRun run = bench(this::store, options);
            assertThat(run.code()).as(options).isEqualTo(ExitCode.USAGE);
            assertThat(run.err()).startsWith(options.startsWith("--secret") ? "Unknown" : "");
        }
        assertThat(lines).isEmpty();
    }
}
