package io.keyval.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench}: puts a load on a node and tells how fast it answers. */
@Command(
        name = "bench",
        description = {
            "Puts a load on a node and tells how fast it answers.",
            "It writes: the keys are key:0000000000 and on, and what they held is lost. Each client"
                    + " sends its next request when a reply has come; latency is from the sending of a"
                    + " request until its reply has been read. A client secret is taken from"
                    + " KEYVAL_CLIENT_SECRET in the environment. It talks plain TCP, no TLS.",
            "Progress goes to standard error, the result to standard output.",
            ""
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done, and every reply was one that its request may get",
            "1:done, but some replies were errors",
            "3:the node takes no such clients",
            "4:there is no node, or the connection broke",
            "64:the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  java -jar keyval.jar bench --fill",
            "  java -jar keyval.jar bench --pipeline 16 --reads 100 --keys 1000000",
            "  java -jar keyval.jar bench --host kv-1.example --requests 1000 --json",
            "  KEYVAL_CLIENT_SECRET=... java -jar keyval.jar bench --port 5001 --reads 100"
        })
final class BenchCommand implements Callable<Integer> {

    private static final int ERRORS = 1;
    private static final int LOST = 4;
    private static final long MAX_BUFFERS = 1L << 30;

    private final Terminal terminal;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description = "The node's host (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "5000",
            description = "Its port for clients (default: ${DEFAULT-VALUE}).")
    private int port = 5000;

    @Option(
            names = "--clients",
            paramLabel = "N",
            defaultValue = "50",
            description = "Connections (default: ${DEFAULT-VALUE}).")
    private int clients = 50;

    @Option(
            names = "--pipeline",
            paramLabel = "N",
            defaultValue = "1",
            description = "Requests in flight on each (default: ${DEFAULT-VALUE}).")
    private int pipeline = 1;

    @Option(
            names = "--reads",
            paramLabel = "PERCENT",
            defaultValue = "90",
            description = "How many are GETs; the others are PUTs (default: ${DEFAULT-VALUE}).")
    private int reads = 90;

    @Option(
            names = "--value-size",
            paramLabel = "BYTES",
            defaultValue = "64",
            description = "Of a PUT (default: ${DEFAULT-VALUE}).")
    private int valueSize = 64;

    @Option(
            names = "--keys",
            paramLabel = "N",
            defaultValue = "100000",
            description = "How many different keys, drawn at random (default: ${DEFAULT-VALUE}).")
    private long keys = 100_000;

    @Option(names = "--fill", description = "PUT every key once before, so that GETs find them.")
    private boolean fill;

    @Option(
            names = "--warmup",
            paramLabel = "SECONDS",
            defaultValue = "2",
            description = "Time under load that is not measured (default: ${DEFAULT-VALUE}).")
    private int warmUp = 2;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "Time that is measured (default: 10).")
    private @Nullable Integer seconds;

    @Option(
            names = "--requests",
            paramLabel = "N",
            description = "Measure so many requests instead.")
    private @Nullable Long requests;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Threads that drive the connections. One drives about a million requests a"
                            + " second; more take cores from a node on the same machine (default:"
                            + " ${DEFAULT-VALUE}).")
    private int threads = 1;

    @Option(names = "--json", description = "Print the result as one line of JSON.")
    private boolean json;

    BenchCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        BenchSettings settings = settings();
        Duration measured = Duration.ofSeconds(seconds == null ? 10 : seconds);
        try (BenchRun run = new BenchRun(settings, new BenchProgress(terminal))) {
            Map<String, Long> errors = new TreeMap<>();
            if (fill) {
                errors.putAll(run.fill().errors());
            }
            if (warmUp > 0) {
                run.time("warm-up", Duration.ofSeconds(warmUp))
                        .errors()
                        .forEach((reply, count) -> errors.merge(reply, count, Long::sum));
            }
            BenchReport report =
                    requests == null
                            ? run.time("measure", measured)
                            : run.requests("measure", requests);
            report.errors().forEach((reply, count) -> errors.merge(reply, count, Long::sum));
            BenchReport whole = report.withErrors(errors);
            terminal.out().print(json ? Json.of(whole.json()) + "\n" : whole.text());
            return errors.isEmpty() ? ExitCode.GOOD : ERRORS;
        } catch (BenchLostException e) {
            terminal.err().println(e.getMessage());
            return LOST;
        }
    }

    private BenchSettings settings() {
        within("--port", port, 1, 65535);
        within("--clients", clients, 1, 60_000);
        within("--pipeline", pipeline, 1, 100_000);
        within("--reads", reads, 0, 100);
        within("--value-size", valueSize, 1, 512 << 20);
        within("--keys", keys, 1, 9_999_999_999L);
        within("--warmup", warmUp, 0, 86_400);
        within("--threads", threads, 1, 64);
        within("--seconds", seconds == null ? 10 : seconds, 1, 86_400);
        within("--requests", requests == null ? 1 : requests, 1, Long.MAX_VALUE / 100_000);
        if (seconds != null && requests != null) {
            throw new WrongUsageException("Give --seconds or --requests, not both.");
        }
        if ((double) clients * pipeline * (valueSize + 20.0) > MAX_BUFFERS) {
            throw new WrongUsageException(
                    "--clients times --pipeline times --value-size is more than 1 GB in flight:"
                            + " make one of them smaller.");
        }
        String secret = terminal.environment("KEYVAL_CLIENT_SECRET");
        if (secret != null && secret.indexOf('\n') >= 0) {
            throw new RefusedException("KEYVAL_CLIENT_SECRET must not hold a line break.");
        }
        return new BenchSettings(
                host,
                port,
                secret == null || secret.isEmpty() ? null : secret,
                clients,
                pipeline,
                reads,
                valueSize,
                keys,
                Math.min(threads, clients));
    }

    private static void within(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new WrongUsageException(
                    "%s must be from %d to %d.".formatted(option, least, most));
        }
    }
}
