package io.keyval.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code import}: writes the entries of a file to a node. */
@Command(
        name = "import",
        description = {
            "Writes entries to a node, which must be the leader, or any node of a cluster.",
            "A line is a key, one space, and the value. With --json it is an object with key and value;"
                    + " keyBase64 and valueBase64 stand for bytes that are not UTF-8. Blank lines are"
                    + " passed over.",
            "FILE may also be a log, a backup or a snapshot: then the entries that it ends with are"
                    + " written, and count as lines.",
            "It stops at the first line that cannot be written, and says with which line to go on."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all is written",
            "3:not all is written; standard error says what",
            "4:there is no node, or the connection broke; standard error says what is written",
            "64:the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${ROOT-COMMAND-NAME} import words.txt",
            "  ${ROOT-COMMAND-NAME} import --json --host kv-1.example entries.jsonl",
            "  ${ROOT-COMMAND-NAME} import --from-line 40001 words.txt",
            "  ${ROOT-COMMAND-NAME} import --port 6000 data/leader.log"
        })
final class ImportCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Mixin private ClientOptions options = new ClientOptions();

    @Parameters(
            arity = "0..1",
            paramLabel = "FILE",
            description = "The entries; standard input when not given, or '-'.")
    private @Nullable Path file;

    @Option(names = "--json", description = "Read one JSON object a line.")
    private boolean json;

    @Option(
            names = "--from-line",
            paramLabel = "N",
            defaultValue = "1",
            description = "Pass over the lines before this one.")
    private long firstLine = 1;

    @Option(
            names = "--skip-bad",
            description =
                    "Go on behind lines that are no entries, or too long for the node; they are told"
                            + " and counted.")
    private boolean skipBad;

    ImportCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        if (firstLine < 1) {
            throw new WrongUsageException("--from-line must be 1 or more.");
        }
        NodeAddress node = options.node(terminal);
        if (file == null || file.toString().equals("-")) {
            return run(node, terminal.in(), 0);
        }
        if (Files.isRegularFile(file) && LogLines.isOne(file)) {
            if (json) {
                throw new WrongUsageException("%s is a log, and no JSON.".formatted(file));
            }
            try (InputStream in = LogLines.open(terminal, file)) {
                return run(node, in, 0);
            }
        }
        try (InputStream in = Files.newInputStream(file)) {
            return run(node, in, Files.isRegularFile(file) ? Files.size(file) : 0);
        }
    }

    private int run(NodeAddress node, InputStream in, long size) throws IOException {
        EntryLines format = json ? EntryLines.JSON : EntryLines.PLAIN;
        try (ProgressBar bar = new ProgressBar(terminal)) {
            return new Import(terminal, in, format, size, firstLine, skipBad, bar).run(node);
        }
    }
}
