package io.keyval.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.store.KeyValueStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.context.ApplicationContext;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/** What a leader tells over HTTP, and who may change something there. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.profiles.active=leader",
            "keyval.port=0",
            "management.server.port=0",
            "keyval.address=127.0.0.1"
        })
@TestPropertySource(properties = "keyval.secret=hush")
@DirtiesContext
class HttpTests {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @TempDir static Path dataDir;

    @DynamicPropertySource
    static void dataDir(DynamicPropertyRegistry registry) {
        registry.add("keyval.data-dir", () -> dataDir.resolve("data").toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "health",
                "health/liveness",
                "health/readiness",
                "info",
                "prometheus",
                "replication"
            })
    void whenAnybodyReadsThenItIsOpen(String path, ApplicationContext context) {
        assertThat(send(context, "GET", path, "").statusCode()).isEqualTo(200);
    }

    @Test
    void whenTheNodeIsWellThenHealthTellsOfItsParts(ApplicationContext context) {
        Map<String, Object> health = json(send(context, "GET", "health", ""));
        assertThat(health).containsEntry("status", "UP");
        Map<String, Object> parts = child(health, "components");
        assertThat(parts).containsKeys("log", "diskSpace", "livenessState", "readinessState");
        assertThat(child(child(parts, "log"), "details"))
                .containsEntry("fsync", "always")
                .containsEntry("file", dataDir.resolve("data/leader.log").toString());
    }

    @Test
    void whenLivenessIsAskedThenOnlyTheLogCanBreakIt(ApplicationContext context) {
        assertThat(child(json(send(context, "GET", "health/liveness", "")), "components"))
                .containsOnlyKeys("livenessState", "log");
    }

    @Test
    void whenInfoIsAskedThenItTellsVersionAndCommit(ApplicationContext context) {
        Map<String, Object> info = json(send(context, "GET", "info", ""));
        assertThat(child(info, "build")).containsKey("version");
        assertThat(child(child(info, "git"), "commit")).containsKey("id");
    }

    @Test
    void whenWritesHaveBeenMadeThenTheMetersCountThem(ApplicationContext context) {
        KeyValueStore store = context.getBean(KeyValueStore.class);
        Command put =
                new Command.Put(
                        "a".getBytes(StandardCharsets.UTF_8), "b".getBytes(StandardCharsets.UTF_8));
        assertThat(store.execute(List.of(put)).toCompletableFuture().join())
                .containsExactly(Reply.OK);

        String text = send(context, "GET", "prometheus", "").body();
        assertThat(text.lines())
                .contains("keyval_keys 1.0")
                .anyMatch(line -> line.matches("keyval_wal_position [1-9].*"))
                .anyMatch(line -> line.matches("keyval_wal_size_bytes [1-9].*"))
                .anyMatch(line -> line.matches("keyval_wal_fsync_seconds_count [1-9].*"))
                .anyMatch(line -> line.startsWith("keyval_wal_compactions_total "));
    }

    @Test
    void whenTheSecretIsGivenThenWritesAreOpen(ApplicationContext context) {
        HttpResponse<String> response = send(context, "POST", "compaction", "keyval:hush");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(json(response)).containsKeys("bytesBefore", "bytesAfter", "records");
    }

    @Test
    void whenABackupIsMadeThenItIsTheLog(ApplicationContext context) throws IOException {
        Map<String, Object> backup = json(send(context, "POST", "backup", "keyval:hush"));
        Path file = Path.of((String) backup.get("file"));
        assertThat(file).hasParentRaw(dataDir.resolve("data/backups")).isNotEmptyFile();
        assertThat(Files.size(file)).isEqualTo(((Number) backup.get("bytes")).longValue());
        assertThat(backup.get("position")).isInstanceOf(Number.class);
    }

    @ParameterizedTest
    @CsvSource({
        "promote, 409",
        "follow, 400",
        "follow?host=127.0.0.1, 400",
        "follow?host=127.0.0.1&port=0, 400",
        "follow?host=127.0.0.1&port=5000, 409",
        "follow?host=127.0.0.1&port=x, 400"
    })
    void whenTheRoleCannotBeChangedSoThenTheAnswerSaysWhyAndTheNodeLeadsOn(
            String action, int status, ApplicationContext context) {
        HttpResponse<String> response =
                send(context, "POST", "replication/" + action, "keyval:hush");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(json(response)).containsKey("error");
        assertThat(send(context, "POST", "replication/" + action, "").statusCode()).isEqualTo(401);
        assertThat(json(send(context, "GET", "replication", ""))).containsEntry("role", "leader");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "keyval:wrong", "keyval:hush!", "keyval:", "other:hush", "user:"})
    void whenTheSecretIsNotGivenThenWritesAreClosed(
            String credentials, ApplicationContext context) {
        HttpResponse<String> response = send(context, "POST", "compaction", credentials);
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(response.headers().firstValue("WWW-Authenticate")).isPresent();
    }

    @ParameterizedTest
    @CsvSource({
        "GET, env",
        "GET, beans",
        "GET, configprops",
        "GET, ''",
        "DELETE, health",
        "GET, compaction",
        "GET, heapdump",
        "POST, shutdown"
    })
    void whenItIsNothingThatANodeTellsThenItIsDenied(
            String method, String path, ApplicationContext context) {
        HttpResponse<String> response = send(context, method, path, "");
        assertThat(response.statusCode()).isIn(401, 403);
        assertThat(response.body()).doesNotContain("hush");
    }

    @Nested
    @TestPropertySource(properties = "keyval.secret=")
    class WithoutSecret {

        @DynamicPropertySource
        static void dataDir(DynamicPropertyRegistry registry) {
            registry.add("keyval.data-dir", () -> dataDir.resolve("without-secret").toString());
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "keyval:", "keyval:null", "user:x"})
        void whenNoSecretIsSetThenWritesAreClosedToAll(
                String credentials, ApplicationContext context) {
            assertThat(send(context, "POST", "compaction", credentials).statusCode())
                    .isEqualTo(403);
        }

        @Test
        void whenNoSecretIsSetThenReadsAreOpen(ApplicationContext context) {
            assertThat(send(context, "GET", "health", "").statusCode()).isEqualTo(200);
        }
    }

    private static HttpResponse<String> send(
            ApplicationContext context, String method, String path, String credentials) {
        String port = context.getEnvironment().getRequiredProperty("local.server.port");
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/actuator/" + path))
                        .method(method, HttpRequest.BodyPublishers.noBody());
        if (!credentials.isEmpty()) {
            byte[] bytes = credentials.getBytes(StandardCharsets.UTF_8);
            request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(bytes));
        }
        try {
            return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, Object> json(HttpResponse<String> response) {
        return JsonParserFactory.getJsonParser().parseMap(response.body());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> child(Map<String, Object> map, String name) {
        assertThat(map).containsKey(name);
        return (Map<String, Object>) map.get(name);
    }
}
