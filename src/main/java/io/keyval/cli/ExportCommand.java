package io.keyval.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code export}: prints the entries of a log. */
@Command(
        name = "export",
        description = {
            "Prints all entries, a line each: the key, one space, the value, as import reads them.",
            "With FILE: of a log or a backup. The log may be that of a running node: it locks nothing"
                    + " and changes nothing.",
            "With --node: asks a running node on this machine for a backup, as the command backup"
                    + " does, prints the entries of that, and leaves it where it is.",
            "Needs memory for the keys."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all is printed",
            "1:all is printed; the log has a torn tail, of which nothing was promised",
            "2:the log is corrupt; nothing is printed",
            "3:it could not be done; standard error says why",
            "64:the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${ROOT-COMMAND-NAME} export data/leader.log > entries.txt",
            "  ${ROOT-COMMAND-NAME} export --json /mnt/backup/leader.log | jq -r .key",
            "  KEYVAL_SECRET=... ${ROOT-COMMAND-NAME} export --node http://127.0.0.1:8080"
        })
final class ExportCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Parameters(arity = "0..1", paramLabel = "FILE", description = "The log, or a backup of it.")
    private @Nullable Path file;

    @Option(
            names = "--node",
            paramLabel = "URL",
            description = "Where the node serves HTTP, as http://127.0.0.1:8080.")
    private @Nullable URI node;

    @Option(
            names = "--json",
            description =
                    "Print one JSON object a line, with keyBase64 or valueBase64 for bytes that are"
                            + " not UTF-8.")
    private boolean json;

    ExportCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        if ((file == null) == (node == null)) {
            throw new WrongUsageException("Give FILE, or --node URL.");
        }
        return new Export(terminal, json ? EntryLines.JSON : EntryLines.PLAIN).run(log());
    }

    private Path log() throws IOException {
        if (node == null) {
            return Objects.requireNonNull(file);
        }
        NodeBackup.Made made = new NodeBackup(terminal, node).make();
        Path backup = Path.of(made.file());
        if (!Files.isReadable(backup)) {
            throw new RefusedException(
                    "The node wrote the backup %s, which cannot be read here: export it where it is."
                            .formatted(backup));
        }
        terminal.err().printf("The entries come from the backup %s.%n", backup);
        return backup;
    }
}
