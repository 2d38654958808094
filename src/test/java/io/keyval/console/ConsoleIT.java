package io.keyval.console;

import static io.keyval.console.Browser.soon;
import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.it.LineClient;
import io.keyval.it.NodeProcess;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The console in a real browser, on real nodes. */
class ConsoleIT {

    private static final String SECRET = "hush, hüsh";

    @TempDir private static Path directory;

    private static Browser browser;
    private static NodeProcess leader;

    @BeforeAll
    static void begin() {
        browser = Browser.open(directory.resolve("profile"));
        leader =
                NodeProcess.leader(directory.resolve("leader"))
                        .secret(SECRET)
                        .arguments("--keyval.wal.retain=0B")
                        .start();
    }

    @AfterAll
    static void end() {
        if (leader != null) {
            leader.close();
        }
        if (browser != null) {
            browser.close();
        }
    }

    @Test
    void whenItIsOpenedThenItShowsTheNodeAndEverythingHasAName() {
        open(leader);
        soon(
                () -> {
                    assertThat(browser.text("h1")).isEqualTo("keyval leader 1");
                    assertThat(browser.text("#health")).isEqualTo("up");
                    assertThat(browser.text("#age")).isEqualTo("live");
                    assertThat(browser.text("#topology .nobody")).contains("No follower");
                    assertThat(browser.text("#events")).contains("Started as leader 1");
                    assertThat(browser.text("#tile-log .figure")).isNotBlank();
                    assertThat(browser.element("#banner").isDisplayed()).isFalse();
                });
        for (WebElement control :
                browser.elements(
                        "main button:not([hidden] *), main input, main textarea, header button, .plot")) {
            assertThat(control.getAccessibleName()).as(control.getTagName()).isNotBlank();
        }
        assertThat(browser.element("#get").isEnabled()).isFalse();
        assertThat(browser.text("#keys-hint")).contains("Sign in");
        browser.assertClean(page(leader));
    }

    @Test
    void whenAFollowerComesGoesAndIsPromotedThenThePictureFollows() {
        try (NodeProcess first =
                        NodeProcess.leader(directory.resolve("first")).secret(SECRET).start();
                NodeProcess second =
                        NodeProcess.follower(2, directory.resolve("second"), first.port())
                                .secret(SECRET)
                                .build()) {
            open(first);
            soon(() -> assertThat(browser.text("#topology .nobody")).isNotEmpty());
            second.start();
            soon(
                    () -> {
                        assertThat(browser.text("[data-node='follower 2']")).contains("in step");
                        assertThat(browser.text("[data-link='streaming']")).isEqualTo("streaming");
                        assertThat(browser.text("#events")).contains("Follower 2 has come");
                    });
            browser.assertClean(page(first));

            open(second);
            signIn(SECRET);
            soon(
                    () -> {
                        assertThat(browser.text("h1")).isEqualTo("keyval follower 2");
                        assertThat(browser.text("[data-node='leader']")).contains("position");
                        assertThat(browser.element("#put").isEnabled()).isFalse();
                        assertThat(browser.element("#promote").isEnabled()).isTrue();
                    });
            browser.click("#promote");
            browser.click("#confirm .cancel");
            assertThat(second.get("/actuator/replication").body()).contains("\"follower\"");
            browser.click("#promote");
            browser.click("#confirm [type=submit]");
            soon(
                    () -> {
                        assertThat(browser.text("h1")).isEqualTo("keyval leader 2");
                        assertThat(browser.text("#operations-status")).contains("Promoted");
                        assertThat(browser.text("#events")).contains("This node is a leader now");
                    });
            browser.assertClean(page(second));

            open(first);
            soon(
                    () -> {
                        assertThat(browser.text("#banner")).contains("takes no more writes");
                        assertThat(browser.count("[data-node='follower 2']")).isZero();
                        assertThat(browser.text("#events")).contains("Follower 2 has left");
                    });
        }
    }

    @Test
    void whenThereIsLoadThenTheChartsMove() {
        open(leader);
        soon(() -> assertThat(browser.text("#chart-commands .legend li")).isEqualTo("GET 0"));
        String before = line("#chart-commands .line.s1");
        try (LineClient client = leader.client()) {
            soon(
                    () -> {
                        List<String> load = new ArrayList<>();
                        for (int i = 0; i < 300; i++) {
                            load.add("PUT load" + i + " value");
                            load.add("GET load" + i);
                        }
                        client.pipeline(load);
                        assertThat(browser.text("#chart-commands .legend")).doesNotContain("PUT 0");
                        assertThat(browser.text("#chart-latency .legend"))
                                .containsPattern("p99 \\d");
                        assertThat(browser.text("#chart-fsync .legend")).containsPattern("p50 \\d");
                    });
        }
        assertThat(line("#chart-commands .line.s1")).isNotEqualTo(before).isNotEmpty();

        WebElement plot = browser.element("#chart-commands .plot");
        plot.sendKeys(Keys.ARROW_LEFT);
        soon(
                () -> {
                    assertThat(browser.count("#chart-lag .cursor, #chart-fsync .cursor"))
                            .isEqualTo(2);
                    assertThat(
                                    browser.element("#chart-commands [aria-live]")
                                            .getDomProperty("textContent"))
                            .containsPattern("\\d\\d:\\d\\d:\\d\\d: GET ");
                });
        browser.assertClean(page(leader));
    }

    @Test
    void whenSomebodySignsInThenKeysAreReadAndWritten() {
        open(leader);
        signIn("wrong");
        soon(
                () ->
                        assertThat(browser.text("#sign-in-status"))
                                .isEqualTo("This is not the secret."));
        browser.click("#sign-in .cancel");
        assertThat(browser.element("#get").isEnabled()).isFalse();
        open(leader);
        browser.js("window.hit = false");
        signIn(SECRET);
        soon(() -> assertThat(browser.element("#put").isEnabled()).isTrue());

        try (LineClient client = leader.client()) {
            String evil = "<img src=x onerror=\"window.hit = true\">";
            browser.type("#key", "naïve");
            browser.type("#value", evil);
            browser.click("#put");
            status("Written.");
            assertThat(client.ask("GET naïve")).isEqualTo(evil);

            browser.type("#value", "");
            browser.click("#get");
            status(evil.length() + " bytes.");
            assertThat(value()).isEqualTo(evil);
            assertThat(browser.js("return window.hit")).isEqualTo(false);

            client.send("PUT bytes ".getBytes(StandardCharsets.UTF_8));
            client.send(new byte[] {(byte) 0xc3, 0x28, 0, (byte) 0xff, '\n'});
            assertThat(client.read()).isEqualTo("OK");
            browser.type("#key", "bytes" + Keys.ENTER);
            status("4 bytes; not plain text, so in hexadecimal.");
            assertThat(value()).isEqualTo("c32800ff");

            browser.click("#delete");
            assertThat(browser.text("#confirm-text")).contains("“bytes”");
            browser.click("#confirm [type=submit]");
            status("Deleted.");
            assertThat(client.ask("GET bytes")).isEmpty();
            client.pipeline(Collections.nCopies(1000, "PUT over and over again"));
        }
        browser.click("#compact");
        browser.click("#confirm [type=submit]");
        soon(() -> assertThat(browser.text("#operations-status")).contains("Compacted:"));
        soon(() -> assertThat(browser.text("#events")).contains("Compacted the log"));

        browser.click("#sign");
        assertThat(browser.element("#get").isEnabled()).isFalse();
        assertThat(value()).isEmpty();
    }

    @Test
    void whenTheNodeIsOfAClusterThenNodesAndShardsAreShownAndKeysCanBeWritten() {
        try (NodeProcess node =
                NodeProcess.node(directory.resolve("cluster"))
                        .secret(SECRET)
                        .arguments("--spring.profiles.active=cluster")
                        .start()) {
            open(node);
            soon(
                    () -> {
                        assertThat(browser.text("h1")).isEqualTo("keyval node 1");
                        assertThat(browser.text("#health")).isEqualTo("up");
                        assertThat(browser.count("#topology .node.here")).isEqualTo(1);
                        assertThat(browser.text("#shards tbody")).contains("node 1", "leader");
                        assertThat(browser.text("#events")).contains("Shard 0: node 1 leads");
                    });
            assertThat(browser.element("#promote").isDisplayed()).isFalse();
            signIn(SECRET);
            browser.type("#key", "key");
            browser.type("#value", "value");
            browser.click("#put");
            status("Written.");
            browser.click("#get");
            status("5 bytes.");
            browser.click("#lead");
            browser.click("#confirm [type=submit]");
            soon(() -> assertThat(browser.text("#operations-status")).contains("this node leads"));
            browser.assertClean(page(node));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void whenASchemeIsPreferredThenItIsTakenAndCanBeRead(String scheme) {
        browser.scheme(scheme);
        open(leader);
        soon(() -> assertThat(browser.text("#age")).isEqualTo("live"));
        assertThat(browser.luminance("body")).matches(l -> (l < 0.2) == scheme.equals("dark"));
        for (String text :
                List.of(
                        "#who",
                        "#health",
                        "#age",
                        "h2",
                        ".hint",
                        ".more",
                        "#events time",
                        "#sign",
                        ".legend li",
                        ".choice span",
                        ".facts dt")) {
            assertThat(browser.contrast(text)).as(text).isGreaterThanOrEqualTo(4.5);
        }
        browser.assertClean(page(leader));
        browser.scheme("light");
    }

    @ParameterizedTest
    @ValueSource(ints = {390, 900, 1600})
    void whenTheScreenIsOfAnyWidthThenNothingSticksOut(int width) {
        browser.width(width, width < 500);
        open(leader);
        soon(() -> assertThat(browser.text("#tile-keys .figure")).isNotBlank());
        assertThat(browser.js("return document.documentElement.scrollWidth"))
                .isEqualTo(browser.js("return document.documentElement.clientWidth"));
        browser.assertClean(page(leader));
    }

    @Test
    void whenTheNodeIsSilentThenThePageSaysSinceWhen() {
        open(leader);
        soon(() -> assertThat(browser.text("#age")).isEqualTo("live"));
        leader.pause();
        try {
            soon(
                    () -> {
                        assertThat(browser.text("#banner"))
                                .containsPattern(
                                        "does not answer. What you see was true at \\d\\d:");
                        assertThat(browser.text("#age")).endsWith(" old");
                    });
        } finally {
            leader.resume();
        }
        soon(
                () -> {
                    assertThat(browser.text("#age")).isEqualTo("live");
                    assertThat(browser.text("#banner")).isEmpty();
                    assertThat(browser.text("#events")).contains("The node answers again.");
                });
    }

    private static URI page(NodeProcess node) {
        return URI.create("http://127.0.0.1:" + node.managementPort() + "/");
    }

    private static void open(NodeProcess node) {
        browser.go(page(node));
        soon(() -> assertThat(browser.text("#who")).isNotEmpty());
    }

    private static void signIn(String secret) {
        browser.click("#sign");
        browser.type("#secret", secret);
        browser.click("#sign-in [type=submit]");
    }

    private static void status(String text) {
        soon(() -> assertThat(browser.text("#keys-status")).isEqualTo(text));
    }

    private static String value() {
        return browser.element("#value").getDomProperty("value");
    }

    private static String line(String selector) {
        return browser.element(selector).getDomAttribute("d");
    }
}
