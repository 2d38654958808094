package io.keyval.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code status}: shows all nodes of a cluster. */
@Command(
        name = "status",
        description = {
            "Shows all nodes: role, id, position, lag, keys and health; of a cluster also each shard's"
                    + " leader and term.",
            "Followers are found through their leader. Where one does not serve HTTP at 8079 + its id,"
                    + " or at its leader's port, it is shown as its leader knows it, until its own HTTP"
                    + " address is named too. The nodes of a cluster are found through any of them."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all nodes are well",
            "1:a node is not well",
            "4:a node that was named does not answer",
            "64:the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${ROOT-COMMAND-NAME} status",
            "  ${ROOT-COMMAND-NAME} status --nodes kv-1:8080,kv-2:8080,kv-3:8080 --watch",
            "  ${ROOT-COMMAND-NAME} status --json | jq '.nodes[].position'"
        })
final class StatusCommand implements Callable<Integer> {

    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final Terminal terminal;

    @Option(
            names = "--nodes",
            split = ",",
            paramLabel = "HOST:PORT",
            description =
                    "Where nodes serve HTTP, parted by commas; https://HOST:PORT for TLS (default:"
                            + " 127.0.0.1:8080).")
    private List<String> nodes = List.of("127.0.0.1:8080");

    @Option(
            names = "--watch",
            arity = "0..1",
            fallbackValue = "2",
            paramLabel = "SECONDS",
            description = "Show it again and again, every 2 seconds or as often as said.")
    private double watch;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(
            names = "--tls-ca",
            paramLabel = "FILE",
            description = "Certificates in PEM to trust, instead of those that this Java trusts.")
    private @Nullable Path authorities;

    StatusCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        if (watch != 0 && !(watch >= 0.1 && watch <= 86_400)) {
            throw new WrongUsageException("--watch must be from 0.1 to 86400 seconds.");
        }
        List<URI> asked = new ArrayList<>();
        for (String node : nodes) {
            asked.add(uri(node.strip()));
        }
        String secret = terminal.environment("KEYVAL_SECRET");
        try (ManagementClient client =
                new ManagementClient(
                        authorities == null ? null : Tls.context(authorities, null, null),
                        PATIENCE,
                        secret == null || secret.isEmpty() ? null : secret)) {
            ClusterView view = new ClusterView(client, asked);
            if (watch == 0) {
                List<NodeStatus> all = view.ask();
                print(all);
                return exitCode(all);
            }
            return watch(view);
        }
    }

    private static URI uri(String node) {
        try {
            URI uri = URI.create(node.contains("://") ? node : "http://" + node);
            if (uri.getHost() != null
                    && uri.getPort() > 0
                    && uri.getUserInfo() == null
                    && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // It is told below.
        }
        throw new WrongUsageException("--nodes must be like 127.0.0.1:8080,127.0.0.1:8081.");
    }

    /** Ends with the process, or when nobody reads any more. */
    private int watch(ClusterView view) {
        boolean inPlace = terminal.isTerminal(Terminal.Stream.OUT) && !json;
        if (inPlace) {
            terminal.out().print("\033[H\033[2J");
        }
        while (true) {
            List<NodeStatus> all = view.ask();
            if (inPlace) {
                StringBuilder page = new StringBuilder("\033[H");
                lines(all).forEach(line -> page.append(line).append("\033[K\n"));
                terminal.out().print(page.append("\033[J"));
                terminal.out().flush();
            } else {
                print(all);
            }
            if (terminal.out().checkError()) {
                throw new OutputClosedException();
            }
            try {
                Thread.sleep(Duration.ofMillis((long) (1000 * watch)));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return exitCode(all);
            }
        }
    }

    private void print(List<NodeStatus> all) {
        if (json) {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            map.put("nodes", all.stream().map(NodeStatus::json).toList());
            terminal.out().println(Json.of(map));
        } else {
            lines(all).forEach(terminal.out()::println);
            if (watch != 0) {
                terminal.out().println();
            }
        }
        terminal.out().flush();
    }

    private List<String> lines(List<NodeStatus> all) {
        List<String> lines = new ArrayList<>();
        if (watch != 0) {
            lines.add(LocalTime.now().truncatedTo(ChronoUnit.SECONDS).toString());
            lines.add("");
        }
        lines.addAll(StatusTable.lines(all, new Paint(terminal.hasColours(Terminal.Stream.OUT))));
        return lines;
    }

    private static int exitCode(List<NodeStatus> all) {
        int code = ExitCode.GOOD;
        for (NodeStatus status : all) {
            code =
                    Math.max(
                            code,
                            switch (status.wellness()) {
                                case WELL -> ExitCode.GOOD;
                                case NOT_WELL -> ExitCode.NOT_WELL;
                                case UNREACHABLE -> ExitCode.UNREACHABLE;
                            });
        }
        return code;
    }
}
