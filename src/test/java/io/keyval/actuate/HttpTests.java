package io.keyval.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.store.KeyValueStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.SocketException;
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
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
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
            "keyval.address=127.0.0.1",
            "keyval.limits.max-connections=7"
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
                .contains(
                        "keyval_keys 1.0",
                        "keyval_leader 1.0",
                        "keyval_wal_failed 0.0",
                        "keyval_connections_max 7.0")
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

    @ParameterizedTest
    @ValueSource(strings = {"livez", "readyz"})
    void whenAProbeAsksThenItsShortPathAnswers(String path, ApplicationContext context) {
        assertThat(json(send(context, "GET", "../" + path, ""))).containsEntry("status", "UP");
        assertThat(send(context, "POST", "../" + path, "").statusCode()).isEqualTo(401);
    }

    @Test
    void whenTheDigestIsAskedForThenItTakesTheSecret(ApplicationContext context) {
        String path = "replication?digest=true";
        assertThat(send(context, "GET", path, "").statusCode()).isEqualTo(401);
        assertThat(json(send(context, "GET", path, "keyval:hush"))).containsKey("digest");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "follow?port=5000 | The parameter host is missing.",
                "follow?host=leader | The parameter port is missing.",
                "follow?host=leader&port=five | The parameter port must be a number, but is 'five'.",
                "follow?host=leader&port=0 | A leader has a host, and a port from 1 to 65535: follow?host=HOST&port=PORT.",
                "promote?force=perhaps | The parameter force must be true or false, but is 'perhaps'."
            })
    void whenARequestDoesNotSayWhatItShouldThenTheAnswerDoes(
            String path, String answer, ApplicationContext context) {
        HttpResponse<String> response = send(context, "POST", "replication/" + path, "keyval:hush");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response)).isEqualTo(Map.of("error", answer));
    }

    @Test
    void whenAPageFromElsewhereAsksThroughABrowserThenItIsDenied(ApplicationContext context) {
        for (String site : List.of("cross-site", "same-site")) {
            assertThat(
                            send(
                                            context,
                                            "POST",
                                            "compaction",
                                            "keyval:hush",
                                            "Sec-Fetch-Site",
                                            site)
                                    .statusCode())
                    .isEqualTo(403);
        }
        assertThat(
                        send(
                                        context,
                                        "POST",
                                        "compaction",
                                        "keyval:hush",
                                        "Origin",
                                        "http://elsewhere.example")
                                .statusCode())
                .isEqualTo(403);
        assertThat(
                        send(
                                        context,
                                        "POST",
                                        "compaction",
                                        "keyval:hush",
                                        "Sec-Fetch-Site",
                                        "same-origin")
                                .statusCode())
                .isEqualTo(200);
    }

    @Test
    void whenAnAnswerIsSentThenItTellsBrowsersToBeCareful(ApplicationContext context) {
        assertThat(send(context, "GET", "health", "").headers().map())
                .containsEntry("x-content-type-options", List.of("nosniff"))
                .containsEntry("x-frame-options", List.of("DENY"))
                .containsEntry("referrer-policy", List.of("no-referrer"))
                .containsKey("content-security-policy");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void whenARequestIsMalformedThenItIsRefusedAndNotLogged(
            ApplicationContext context, CapturedOutput output) throws IOException {
        for (String request :
                List.of(
                        "GET /actuator/health?x=%zz HTTP/1.1\r\nHost: a",
                        "GET /actuator/replication?digest=%zz HTTP/1.1\r\nHost: a",
                        "GET /actuator//health HTTP/1.1\r\nHost: a",
                        "GET /actuator/%2e%2e/x HTTP/1.1\r\nHost: a",
                        "GET /actuator/health;x=y HTTP/1.1\r\nHost: a",
                        "GET /actuator/health HTTP/1.1\r\nHost: a\r\nHost: b",
                        "GET /actuator/health HTTP/1.1\r\nHost: a\r\nAccept: nonsense",
                        "GET /actuator/health HTTP/1.1\r\nHost: a\r\nCookie: a=\u0001",
                        "GET /actuator/\u0001 HTTP/1.1\r\nHost: a",
                        "NONSENSE",
                        "GET / HTTP/9.9\r\nHost: a",
                        "POST /actuator/health HTTP/1.1\r\nHost: a\r\nContent-Length: x",
                        "POST /actuator/compaction HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz",
                        "POST /actuator/compaction HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n%zz",
                        "GET /actuator/health HTTP/1.1\r\nHost: a\r\nAuthorization: Basic !!!",
                        "GET /actuator/health HTTP/1.1\r\nHost: a\r\nX: " + "x".repeat(100_000))) {
            assertThat(status(context, request)).as(request).isBetween(400, 505);
        }
        assertThat(output.getAll()).doesNotContain("ERROR", "Exception", "\tat ");
    }

    /** Sends a request as it is and reads the status; a close without one counts as 400. */
    private static int status(ApplicationContext context, String request) throws IOException {
        int port =
                Integer.parseInt(context.getEnvironment().getRequiredProperty("local.server.port"));
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream()
                    .write((request + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
            socket.shutdownOutput();
            String line =
                    new BufferedReader(
                                    new InputStreamReader(
                                            socket.getInputStream(), StandardCharsets.ISO_8859_1))
                            .readLine();
            return line == null ? 400 : Integer.parseInt(line.split(" ")[1]);
        } catch (SocketException e) {
            return 400;
        }
    }

    @Nested
    @TestPropertySource(
            properties = {
                "keyval.client-secret=whisper",
                "keyval.management.replication-view=closed",
                "management.endpoints.web.exposure.include=*",
                "management.endpoint.env.show-values=always",
                "management.endpoint.configprops.show-values=always",
                "spring.application.json={\"keyval.secret\":\"hush\"}",
                "somebody.elses.password=murmur"
            })
    class WithAllExposedAndTheViewClosed {

        @DynamicPropertySource
        static void dataDir(DynamicPropertyRegistry registry) {
            registry.add("keyval.data-dir", () -> dataDir.resolve("exposed").toString());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"replication", "env", "configprops", "beans", "heapdump", "loggers"})
        void whenItIsExposedAndNotOpenThenItTakesTheSecret(
                String path, ApplicationContext context) {
            assertThat(send(context, "GET", path, "").statusCode()).isEqualTo(401);
        }

        @ParameterizedTest
        @ValueSource(strings = {"health", "info", "prometheus", "../livez", "../readyz"})
        void whenTheViewIsClosedThenTheRestIsOpen(String path, ApplicationContext context) {
            assertThat(send(context, "GET", path, "").statusCode()).isEqualTo(200);
        }

        @ParameterizedTest
        @ValueSource(strings = {"env", "configprops"})
        void whenSettingsAreShownThenSecretsAreNot(String path, ApplicationContext context) {
            HttpResponse<String> response = send(context, "GET", path, "keyval:hush");
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body())
                    .contains("exposed", "******")
                    .doesNotContain("hush", "whisper", "murmur");
        }
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
            HttpResponse<String> response = send(context, "POST", "compaction", credentials);
            assertThat(response.statusCode()).isEqualTo(403);
            assertThat(response.body()).contains("This node has no secret");
        }

        @Test
        void whenNoSecretIsSetThenTheDigestIsClosed(ApplicationContext context) {
            assertThat(send(context, "GET", "replication?digest=true", "").statusCode())
                    .isEqualTo(403);
        }

        @Test
        void whenNoSecretIsSetThenReadsAreOpen(ApplicationContext context) {
            assertThat(send(context, "GET", "health", "").statusCode()).isEqualTo(200);
        }
    }

    @Nested
    @TestPropertySource(properties = "keyval.secret=loud")
    class WhenTheNodeChanges {

        @DynamicPropertySource
        static void dataDir(DynamicPropertyRegistry registry) {
            registry.add("keyval.data-dir", () -> dataDir.resolve("changes").toString());
        }

        @Test
        void whenTheRoleChangesAndTheLogFailsThenTheMetersTell(ApplicationContext context) {
            KeyValueStore store = context.getBean(KeyValueStore.class);
            store.follow();
            assertThat(send(context, "GET", "prometheus", "").body().lines())
                    .contains("keyval_leader 0.0", "keyval_wal_failed 0.0");

            store.lead(0);
            store.confirmWith(
                    (position, done) -> {
                        throw new IllegalStateException("a bug");
                    });
            Command put = new Command.Put(new byte[] {'a'}, new byte[] {'b'});
            store.execute(List.of(put));
            await().untilAsserted(
                            () ->
                                    assertThat(
                                                    send(context, "GET", "prometheus", "")
                                                            .body()
                                                            .lines())
                                            .contains(
                                                    "keyval_leader 1.0", "keyval_wal_failed 1.0"));
        }
    }

    private static HttpResponse<String> send(
            ApplicationContext context,
            String method,
            String path,
            String credentials,
            String... headers) {
        String port = context.getEnvironment().getRequiredProperty("local.server.port");
        URI actuator = URI.create("http://127.0.0.1:" + port + "/actuator/");
        HttpRequest.Builder request =
                HttpRequest.newBuilder(actuator.resolve(path))
                        .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
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
