package io.keyval.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.By;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.springframework.boot.json.JsonParserFactory;

/**
 * Chromium without a window.
 *
 * <p>Where it is not installed the test is skipped, and says what to install; with the system
 * property {@code keyval.browser=required} it fails.
 */
final class Browser implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ChromeDriver driver;

    private Browser(ChromeDriver driver) {
        this.driver = driver;
    }

    /** A browser of which nobody knows, with nothing from before in it. */
    static Browser open(Path profile) {
        Optional<Path> chromium = onPath("chromium", "chromium-browser", "google-chrome");
        Optional<Path> chromedriver = onPath("chromedriver");
        if (chromium.isEmpty() || chromedriver.isEmpty()) {
            String missing =
                    "The console is not tested: chromium and chromedriver are not on the PATH. On Debian: apt-get install chromium chromium-driver";
            if ("required".equals(System.getProperty("keyval.browser"))) {
                Assertions.fail(missing);
            }
            System.out.println(missing);
            Assumptions.abort(missing);
        }
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium.orElseThrow().toFile());
        options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
        options.addArguments(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--window-size=1280,1000",
                "--user-data-dir=" + profile);
        ChromeDriverService service =
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(chromedriver.orElseThrow().toFile())
                        .usingAnyFreePort()
                        .withSilent(true)
                        .build();
        return new Browser(new ChromeDriver(service, options));
    }

    private static Optional<Path> onPath(String... names) {
        return Stream.of(names)
                .flatMap(
                        name ->
                                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                                        .map(directory -> Path.of(directory, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Opens the page; what the browser has told before is forgotten. */
    void go(URI page) {
        // The page before may ask its node once more until it is left.
        driver.get("about:blank");
        driver.manage().logs().get(LogType.BROWSER);
        driver.manage().logs().get(LogType.PERFORMANCE);
        driver.get(page.toString());
    }

    /** The text on the element as it is seen; empty where it is not there. */
    String text(String selector) {
        return driver.findElements(By.cssSelector(selector)).stream()
                .findFirst()
                .map(WebElement::getText)
                .orElse("");
    }

    WebElement element(String selector) {
        return driver.findElement(By.cssSelector(selector));
    }

    int count(String selector) {
        return driver.findElements(By.cssSelector(selector)).size();
    }

    List<WebElement> elements(String selector) {
        return driver.findElements(By.cssSelector(selector));
    }

    void click(String selector) {
        WebElement target = element(selector);
        js("arguments[0].scrollIntoView({block: 'center'})", target);
        target.click();
    }

    void type(String selector, String text) {
        WebElement target = element(selector);
        js("arguments[0].scrollIntoView({block: 'center'})", target);
        target.clear();
        target.sendKeys(text);
    }

    Object js(String script, Object... arguments) {
        return driver.executeScript(script, arguments);
    }

    static void soon(ThrowingRunnable assertion) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .ignoreException(org.openqa.selenium.StaleElementReferenceException.class)
                .untilAsserted(assertion);
    }

    private static final String COLOURS =
            """
            const channel = c => c <= 10.31475 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4;
            const luminance = colour => {
              const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(channel);
              return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const ground = node => {
              const colour = getComputedStyle(node).backgroundColor;
              return colour === 'rgba(0, 0, 0, 0)' ? ground(node.parentElement) : luminance(colour);
            };
            const node = document.querySelector(arguments[0]);
            """;

    /** The luminance of the ground that the element stands on, as WCAG defines it. */
    double luminance(String selector) {
        return ((Number) js(COLOURS + "return ground(node)", selector)).doubleValue();
    }

    /** The contrast of the element's text with its ground, as WCAG defines it. */
    double contrast(String selector) {
        String script =
                COLOURS
                        + """
                        const two = [luminance(getComputedStyle(node).color), ground(node)];
                        return (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
                        """;
        return ((Number) js(script, selector)).doubleValue();
    }

    void scheme(String name) {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", name))));
    }

    void width(int pixels, boolean phone) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", pixels, "height", 844, "deviceScaleFactor", 1, "mobile", phone));
    }

    /**
     * Since the last call the page has logged no error, and has asked nobody but its own origin.
     */
    void assertClean(URI page) {
        assertThat(driver.manage().logs().get(LogType.BROWSER).getAll())
                .as("the browser's console")
                .isEmpty();
        List<String> asked =
                driver.manage().logs().get(LogType.PERFORMANCE).getAll().stream()
                        .map(Browser::message)
                        .filter(
                                message ->
                                        "Network.requestWillBeSent".equals(message.get("method")))
                        .map(message -> (Map<?, ?>) message.get("params"))
                        // The browser's own first page may still be loading.
                        .filter(
                                params ->
                                        !String.valueOf(params.get("documentURL"))
                                                .startsWith("chrome:"))
                        .map(params -> (Map<?, ?>) params.get("request"))
                        .map(request -> String.valueOf(request.get("url")))
                        .toList();
        assertThat(asked).as("requests").isNotEmpty().allMatch(url -> url.startsWith("" + page));
    }

    private static Map<?, ?> message(LogEntry entry) {
        return (Map<?, ?>)
                JsonParserFactory.getJsonParser().parseMap(entry.getMessage()).get("message");
    }

    @Override
    public void close() {
        driver.quit();
    }
}
