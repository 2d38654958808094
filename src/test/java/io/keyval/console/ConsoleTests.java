package io.keyval.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
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

/** What the console answers over HTTP, and to whom. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.profiles.active=leader",
            "keyval.port=0",
            "management.server.port=0",
            "keyval.address=127.0.0.1"
        })
@TestPropertySource(properties = {"keyval.secret=hush", "keyval.limits.max-value-size=100B"})
@DirtiesContext
class ConsoleTests {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String RIGHT = "keyval:hush";
    private static final String JSON = "application/json";

    @TempDir static Path dataDir;

    @DynamicPropertySource
    static void dataDir(DynamicPropertyRegistry registry) {
        registry.add("keyval.data-dir", () -> dataDir.resolve("data").toString());
    }

    @ParameterizedTest
    @CsvSource({
        "/, text/html",
        "/console/console.js, text/javascript",
        "/console/console.css, text/css",
        "/console/icon.svg, image/svg+xml",
        "/console/state, application/json"
    })
    void whenThePageIsAskedForThenItMayReachNothingButThisNode(
            String path, String type, ApplicationContext context) {
        HttpResponse<String> response = send(context, "GET", path, "", "", "");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith(type);
        assertThat(response.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(response.headers().firstValue("Content-Security-Policy").orElse(""))
                .contains("default-src 'none'")
                .contains("script-src 'self'")
                .contains("connect-src 'self'")
                .contains("frame-ancestors 'none'")
                .doesNotContain("unsafe");
        assertThat(response.headers().firstValue("Set-Cookie")).isEmpty();
        assertThat(response.body()).doesNotContain("hush");
    }

    @Test
    void whenTheStateIsAskedForThenItGrowsByWhatIsNew(ApplicationContext context) {
        Map<String, Object> first =
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> state(context, ""), state -> state.containsKey("node"));
        Map<String, Object> node = child(first, "node");
        assertThat(node).containsEntry("role", "leader").containsEntry("id", 1);
        assertThat(first).containsEntry("signIn", true).containsEntry("operations", "actuator");

        Object seen = child(first, "history").get("last");
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> {
                            Map<String, Object> history =
                                    child(state(context, "?samples=" + seen), "history");
                            assertThat((List<?>) history.get("rows")).isNotEmpty();
                            assertThat(((Number) history.get("last")).longValue())
                                    .isGreaterThan(((Number) seen).longValue());
                        });
    }

    @Test
    void whenTheSecretIsGivenThenKeysAreReadAndWritten(ApplicationContext context) {
        String key = hex("naïve"), value = "00ff20c328";
        assertThat(key(context, "get", key, null).statusCode()).isEqualTo(404);
        assertThat(key(context, "put", key, value).statusCode()).isEqualTo(200);
        assertThat(json(key(context, "get", key, null)))
                .containsEntry("value", value)
                .containsEntry("size", 5);
        assertThat(key(context, "delete", key, null).statusCode()).isEqualTo(200);
        assertThat(key(context, "delete", key, null).statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @CsvSource({
        "put, 6b, , The value is empty.",
        "put, 6b, 610a62, A value holds no line end.",
        "put, 6b206b, 61, A key holds no space and no line end.",
        "put, 6b0a, 61, A key holds no space and no line end.",
        "put, 6b, 6, The value is not in hexadecimal.",
        "get, zz, , The key is not in hexadecimal.",
        "get, , , The key is empty."
    })
    void whenItIsNoKeyOrValueThenTheAnswerSaysWhy(
            String action, String key, String value, String reason, ApplicationContext context) {
        HttpResponse<String> response = key(context, action, key, value);
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response)).containsEntry("error", reason);
    }

    @Test
    void whenAValueIsLongerThanTheLimitThenItIsRefused(ApplicationContext context) {
        assertThat(key(context, "put", "6b", "61".repeat(100)).statusCode()).isEqualTo(200);
        assertThat(json(key(context, "put", "6b", "61".repeat(101))))
                .containsEntry("error", "The value is longer than 100 bytes.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "keyval:wrong", "other:hush"})
    void whenTheSecretIsNotGivenThenKeysAreClosedAndTheBrowserDoesNotAsk(
            String credentials, ApplicationContext context) {
        for (String action : new String[] {"get", "put", "delete"}) {
            HttpResponse<String> response =
                    send(
                            context,
                            "POST",
                            "/console/key/" + action,
                            credentials,
                            JSON,
                            body("6b", "61"));
            assertThat(response.statusCode()).isEqualTo(401);
            assertThat(response.headers().firstValue("WWW-Authenticate")).isEmpty();
        }
        assertThat(send(context, "GET", "/console/access", credentials, "", "").statusCode())
                .isEqualTo(401);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded"})
    void whenAFormOfAnotherSiteCouldHaveSentItThenItIsRefused(
            String type, ApplicationContext context) {
        assertThat(
                        send(context, "POST", "/console/key/put", RIGHT, type, body("6b", "61"))
                                .statusCode())
                .isEqualTo(415);
    }

    @ParameterizedTest
    @CsvSource({"GET, /console/key/get", "PUT, /console/state", "POST, /", "GET, /console/a/b"})
    void whenItIsNothingOfTheConsoleThenItIsDenied(
            String method, String path, ApplicationContext context) {
        assertThat(send(context, method, path, "", "", "").statusCode()).isEqualTo(401);
    }

    @Nested
    @TestPropertySource(properties = "keyval.management.replication-view=closed")
    class WithClosedView {

        @DynamicPropertySource
        static void dataDir(DynamicPropertyRegistry registry) {
            registry.add("keyval.data-dir", () -> dataDir.resolve("closed").toString());
        }

        @Test
        void whenTheViewIsClosedThenWhoKnowsTheSecretSeesTheStateAndWhoGuessesHasToWait(
                ApplicationContext context) {
            assertThat(send(context, "GET", "/", "", "", "").statusCode()).isEqualTo(200);
            assertThat(send(context, "GET", "/console/state", "", "", "").statusCode())
                    .isEqualTo(401);
            assertThat(send(context, "GET", "/console/state", RIGHT, "", "").statusCode())
                    .isEqualTo(200);
            for (int i = 0; i < 10; i++) {
                HttpResponse<String> response =
                        send(context, "GET", "/console/state", "keyval:no", "", "");
                assertThat(response.statusCode()).isEqualTo(401);
                assertThat(response.body()).isEmpty();
            }
            assertThat(send(context, "GET", "/console/access", RIGHT, "", "").statusCode())
                    .isEqualTo(429);
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
        @ValueSource(strings = {"", "keyval:", "keyval:null"})
        void whenNoSecretIsSetThenKeysAreClosedToAllAndThePageSaysSo(
                String credentials, ApplicationContext context) {
            assertThat(
                            send(
                                            context,
                                            "POST",
                                            "/console/key/get",
                                            credentials,
                                            JSON,
                                            body("6b", null))
                                    .statusCode())
                    .isEqualTo(403);
            assertThat(send(context, "GET", "/console/access", credentials, "", "").statusCode())
                    .isEqualTo(403);
            assertThat(state(context, "")).containsEntry("signIn", false);
        }
    }

    private static Map<String, Object> state(ApplicationContext context, String query) {
        return json(send(context, "GET", "/console/state" + query, "", "", ""));
    }

    private static HttpResponse<String> key(
            ApplicationContext context, String action, String key, String value) {
        return send(context, "POST", "/console/key/" + action, RIGHT, JSON, body(key, value));
    }

    private static String body(String key, String value) {
        return "{\"key\":%s,\"value\":%s}".formatted(quoted(key), quoted(value));
    }

    private static String quoted(String text) {
        return text == null ? "null" : '"' + text + '"';
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    private static HttpResponse<String> send(
            ApplicationContext context,
            String method,
            String path,
            String credentials,
            String type,
            String body) {
        String port = context.getEnvironment().getRequiredProperty("local.server.port");
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (!type.isEmpty()) {
            request.header("Content-Type", type);
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
