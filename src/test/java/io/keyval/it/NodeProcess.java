package io.keyval.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/**
 * A node in a process of its own, started from the built jar.
 *
 * <p>By default it binds free ports, works in a directory of its own and knows no secret. {@link
 * #close} kills whatever still runs. A node that was killed or stopped can be started again: by
 * {@link #start} on the ports it had, so that others find it where it was. Not for use by several
 * threads at once, except for its accessors.
 */
public final class NodeProcess implements AutoCloseable {

    /** How long a node may take to start or to end, on a slow and busy machine. */
    public static final Duration PATIENCE = Duration.ofSeconds(90);

    private static final Pattern LISTENING = Pattern.compile("(?im)\\blistening\\b.*\\b(\\d+)$");
    private static final Pattern HTTP = Pattern.compile("HTTP on port (\\d+)");

    private static final HttpClient CLIENT =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(30)).build();

    private final Builder settings;
    private final Path directory;
    private final Path output;
    private int port;
    private int managementPort;
    private long outputStart;
    private @Nullable Process process;

    private NodeProcess(Builder settings) {
        this.settings = settings;
        this.port = settings.port == 0 ? FreePorts.one() : settings.port;
        this.managementPort =
                settings.managementPort == 0 ? FreePorts.one() : settings.managementPort;
        try {
            this.directory = Files.createTempDirectory("keyval-node-");
            this.output = Files.createFile(directory.resolve("output"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A leader on the given data directory. */
    public static Builder leader(Path dataDir) {
        return new Builder(dataDir).arguments("--spring.profiles.active=leader");
    }

    /** A follower on the given data directory, of the leader on the given port of 127.0.0.1. */
    public static Builder follower(int id, Path dataDir, int leaderPort) {
        return new Builder(dataDir)
                .arguments(
                        "--spring.profiles.active=follower",
                        "--keyval.id=" + id,
                        "--keyval.leader-port=" + leaderPort);
    }

    /** A node of which only the ports and the data directory are set. */
    public static Builder node(Path dataDir) {
        return new Builder(dataDir);
    }

    /**
     * Starts the process and returns when the node takes clients and HTTP requests.
     *
     * @throws IllegalStateException if it ends or takes too long instead; the message holds its
     *     output
     */
    public NodeProcess start() {
        return launch().awaitStart();
    }

    /**
     * Returns when the launched node takes clients and HTTP requests; see {@link #start}.
     *
     * @throws IllegalStateException if it ends or takes too long instead
     */
    public NodeProcess awaitStart() {
        Awaitility.await("start of the node")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> !alive() || ready());
        if (!ready()) {
            throw new IllegalStateException(
                    "The node did not start, exit code " + exitCode() + ":\n" + outputOfThisRun());
        }
        String said = output(outputStart);
        port = last(LISTENING, said).orElseThrow();
        managementPort = last(HTTP, said).orElseThrow();
        return this;
    }

    /**
     * Returns when the launched node takes HTTP requests, whether it has started or not.
     *
     * @throws IllegalStateException if it ends or takes too long instead
     */
    public NodeProcess awaitHttp() {
        Awaitility.await("HTTP of the node")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> !alive() || last(HTTP, output(outputStart)).isPresent());
        managementPort =
                last(HTTP, output(outputStart))
                        .orElseThrow(() -> new IllegalStateException(outputOfThisRun()));
        return this;
    }

    /** Starts the process and returns at once: for nodes that start together or not at all. */
    public NodeProcess launch() {
        if (alive()) {
            throw new IllegalStateException("The node runs");
        }
        outputStart = length();
        List<String> command = new ArrayList<>(settings.launcher);
        command.addAll(PreparedJar.command(settings.jvmArguments));
        if (settings.defaults) {
            command.add("--keyval.data-dir=" + settings.dataDir);
            command.add("--keyval.port=" + port);
            command.add("--management.server.port=" + managementPort);
        }
        command.addAll(settings.arguments);
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(
                                (settings.directory == null ? directory : settings.directory)
                                        .toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        Map<String, String> environment = builder.environment();
        environment
                .keySet()
                .removeIf(
                        name ->
                                name.startsWith("KEYVAL_")
                                        || name.startsWith("SPRING_")
                                        || name.startsWith("MANAGEMENT_")
                                        || name.equals("JAVA_TOOL_OPTIONS"));
        environment.putAll(settings.environment);
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    private boolean ready() {
        String said = output(outputStart);
        return said.contains(" StartLog: Started ")
                && last(LISTENING, said).isPresent()
                && last(HTTP, said).isPresent();
    }

    private static OptionalInt last(Pattern pattern, String text) {
        OptionalInt found = OptionalInt.empty();
        for (Matcher matcher = pattern.matcher(text); matcher.find(); ) {
            found = OptionalInt.of(Integer.parseInt(matcher.group(1)));
        }
        return found;
    }

    /** Sends SIGKILL and returns when the process is gone. */
    public void kill9() {
        running().destroyForcibly();
        waitForExit();
    }

    /** Sends SIGTERM, returns when the process is gone, and answers its exit code. */
    public int stop() {
        running().destroy();
        return waitForExit();
    }

    /** Sends the signal of the given name, such as STOP or CONT, and returns at once. */
    public void signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Sends SIGSTOP and returns when every thread of the process stands still. */
    public void pause() {
        signal("STOP");
        Awaitility.await("stop of all threads")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(5))
                .until(this::standsStill);
    }

    private boolean standsStill() {
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid() + "/task"))) {
            for (Path thread : threads.toList()) {
                if (!Files.readString(thread.resolve("status")).contains("State:\tT")) {
                    return false;
                }
            }
        } catch (IOException e) {
            // A thread has ended meanwhile.
            return false;
        }
        return true;
    }

    /** Sends SIGCONT: ends {@link #pause}. */
    public void resume() {
        signal("CONT");
    }

    /** Returns when the process has ended by itself, and answers its exit code. */
    public int waitForExit() {
        try {
            if (!running().waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("The node does not end:\n" + output());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        return running().exitValue();
    }

    /** Whether the process runs. */
    public boolean alive() {
        return process != null && process.isAlive();
    }

    /** The exit code, or null while the process runs. */
    public @Nullable Integer exitCode() {
        return alive() ? null : running().exitValue();
    }

    /** The process id of the latest start. */
    public long pid() {
        return running().pid();
    }

    /** The port for clients and followers; known once started. */
    public int port() {
        return port;
    }

    /** The HTTP port; known once started. */
    public int managementPort() {
        return managementPort;
    }

    /** The data directory. */
    public Path dataDir() {
        return settings.dataDir;
    }

    /** Everything all starts of this node have printed so far. */
    public String output() {
        return output(0);
    }

    /** What the latest start has printed so far. */
    public String outputOfThisRun() {
        return output(outputStart);
    }

    private String output(long from) {
        try {
            byte[] all = Files.readAllBytes(output);
            int start = (int) Math.min(from, all.length);
            return new String(all, start, all.length - start, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long length() {
        try {
            return Files.size(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A new connection to the node that has not said HELLO yet. */
    public LineClient connect() {
        return settings.tls == null
                ? LineClient.connect(settings.host, port)
                : LineClient.connect(settings.host, port, settings.tls);
    }

    /** A new connection to the node that has exchanged HELLO. */
    public LineClient client() {
        return connect().hello(settings.clientSecret);
    }

    /** GET of a path of the node's HTTP port, such as {@code /actuator/health}. */
    public HttpResponse<String> get(String path) {
        return http("GET", path, null);
    }

    /**
     * A request to the node's HTTP port.
     *
     * @param password the password of the user {@code keyval}, or null to send no credentials
     */
    public HttpResponse<String> http(String method, String path, @Nullable String password) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(
                                URI.create("http://" + settings.host + ":" + managementPort + path))
                        .timeout(Duration.ofSeconds(30))
                        .method(method, HttpRequest.BodyPublishers.noBody());
        if (password != null) {
            String credentials = "keyval:" + password;
            request.header(
                    "Authorization",
                    "Basic "
                            + Base64.getEncoder()
                                    .encodeToString(credentials.getBytes(StandardCharsets.UTF_8)));
        }
        try {
            return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (ConnectException e) {
            throw new UncheckedIOException("No HTTP on port " + managementPort, e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private Process running() {
        if (process == null) {
            throw new IllegalStateException("The node was never started");
        }
        return process;
    }

    /** Kills the process if it runs, and removes its working directory and what it printed. */
    @Override
    public void close() {
        if (alive()) {
            kill9();
        }
        try {
            FileSystemUtils.deleteRecursively(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How a node is to be started. */
    public static final class Builder {

        private final Path dataDir;
        private final List<String> arguments = new ArrayList<>();
        private final List<String> jvmArguments = new ArrayList<>();
        private final List<String> launcher = new ArrayList<>();
        private final Map<String, String> environment = new HashMap<>();
        private @Nullable Path directory;
        private @Nullable SSLContext tls;
        private @Nullable String clientSecret;
        private String host = "127.0.0.1";
        private int port;
        private int managementPort;
        private boolean defaults = true;

        private Builder(Path dataDir) {
            this.dataDir = dataDir;
        }

        /** Arguments of the node, behind those for ports and data directory. */
        public Builder arguments(String... more) {
            arguments.addAll(List.of(more));
            return this;
        }

        /** Arguments of the virtual machine. */
        public Builder jvmArguments(String... more) {
            jvmArguments.addAll(List.of(more));
            return this;
        }

        /** A command that becomes the node's process when the node's own command follows it. */
        public Builder launcher(String... command) {
            launcher.addAll(List.of(command));
            return this;
        }

        /** The shared secret, given by the environment. */
        public Builder secret(String secret) {
            return environment("KEYVAL_SECRET", secret);
        }

        /** The secret of clients, given by the environment. */
        public Builder clientSecret(String secret) {
            clientSecret = secret;
            return environment("KEYVAL_CLIENT_SECRET", secret);
        }

        /** How its clients talk TLS; what the node itself needs for it are arguments. */
        public Builder tls(SSLContext context) {
            tls = context;
            return this;
        }

        /** A variable of the environment. */
        public Builder environment(String name, String value) {
            environment.put(name, value);
            return this;
        }

        /** The address where this process is to be reached; 127.0.0.1 when not set. */
        public Builder host(String host) {
            this.host = host;
            return this;
        }

        /** The address to bind and to be reached at. */
        public Builder address(String address) {
            return host(address).arguments("--keyval.address=" + address);
        }

        /** The port for clients; a free one when not set. */
        public Builder port(int port) {
            this.port = port;
            return this;
        }

        /** The HTTP port; a free one when not set. */
        public Builder managementPort(int managementPort) {
            this.managementPort = managementPort;
            return this;
        }

        /** The working directory; one of the node's own when not set. */
        public Builder directory(Path directory) {
            this.directory = directory;
            return this;
        }

        /** Gives the node no argument but those set here: neither ports nor data directory. */
        public Builder bare() {
            this.defaults = false;
            return this;
        }

        /** The node, not yet started. */
        public NodeProcess build() {
            return new NodeProcess(this);
        }

        /** The node, started; see {@link NodeProcess#start}. */
        public NodeProcess start() {
            NodeProcess node = build();
            try {
                return node.start();
            } catch (RuntimeException e) {
                node.close();
                throw e;
            }
        }
    }
}
