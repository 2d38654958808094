package io.keyval.cli;

import io.keyval.wal.LogInspector;
import io.keyval.wal.LogLoss;
import io.keyval.wal.LogReport;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code log}: reads logs. None of these takes a lock or changes anything, but repair. */
@Command(
        name = "log",
        description = "Checks, prints, counts and repairs log files.",
        synopsisSubcommandLabel = "(verify | dump | stats | repair)",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${ROOT-COMMAND-NAME} log verify data/leader.log",
            "  ${ROOT-COMMAND-NAME} log dump --help"
        })
final class LogCommands {

    private final Terminal terminal;

    LogCommands(Terminal terminal) {
        this.terminal = terminal;
    }

    @Command(
            name = "verify",
            description = {
                "Checks every byte of a log and says where the first bad one is.",
                "Works beside a running node: it locks nothing and changes nothing."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ${ROOT-COMMAND-NAME} log verify data/leader.log",
                "  ${ROOT-COMMAND-NAME} log verify --json data/leader.log | jq .firstBadOffset"
            })
    int verify(
            @Parameters(paramLabel = "FILE", description = "The log.") Path file,
            @Option(names = "--json", description = "Print one JSON object.") boolean json)
            throws IOException {
        LogReport report = Reports.verify(file, terminal);
        boolean good = report.verdict() == LogReport.Verdict.GOOD;
        LogLoss loss = LogInspector.behind(report, LogInspector.Visitor.NONE);
        if (json) {
            terminal.out().println(Json.of(Reports.json(report, good ? null : loss)));
        } else {
            terminal.out().println(Reports.verdict(report));
            terminal.out().print(Reports.counts(report));
            if (!good) {
                terminal.out().println(Reports.loss(report, loss));
            }
        }
        return ExitCode.of(report.verdict());
    }

    @Command(
            name = "dump",
            description = {
                "Prints a log, one line a record: position, epoch, kind (put, delete, or base for"
                        + " what a compaction wrote), key and value, with tabs between.",
                "Bytes that are not printable stand as \\xHH, a backslash as \\\\."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ${ROOT-COMMAND-NAME} log dump data/leader.log | grep -P '\\tgreeting\\t'",
                "  ${ROOT-COMMAND-NAME} log dump --json --from 1000 --to 2000 data/leader.log"
            })
    int dump(
            @Parameters(paramLabel = "FILE", description = "The log.") Path file,
            @Option(names = "--json", description = "Print one JSON object a line.") boolean json,
            @Option(names = "--frames", description = "Print a line a frame, too.") boolean frames,
            @Option(
                            names = "--from",
                            paramLabel = "POSITION",
                            defaultValue = "0",
                            description = "Print no record before this position.")
                    long from,
            @Option(
                            names = "--to",
                            paramLabel = "POSITION",
                            defaultValue = "9223372036854775807",
                            description = "Print no record behind this position.")
                    long to,
            @Option(
                            names = "--behind-damage",
                            description =
                                    "Print what is readable behind the first bad byte, too. It may"
                                            + " be incomplete.")
                    boolean behind)
            throws IOException {
        Dump dump = new Dump(terminal.out(), new Dump.Format(json, frames, from, to));
        LogReport report = LogInspector.read(file, dump);
        dump.flush();
        if (report.verdict() != LogReport.Verdict.GOOD) {
            terminal.err().println(Reports.verdict(report));
            if (behind) {
                LogInspector.behind(report, dump);
                dump.flush();
            }
        }
        return ExitCode.of(report.verdict());
    }

    @Command(
            name = "stats",
            description = {
                "Counts what is in a log: records by kind, live keys and bytes, epochs, frames.",
                "Needs memory for the live keys."
            },
            footerHeading = "%nExamples:%n",
            footer = "  ${ROOT-COMMAND-NAME} log stats data/leader.log")
    int stats(
            @Parameters(paramLabel = "FILE", description = "The log.") Path file,
            @Option(names = "--json", description = "Print one JSON object.") boolean json)
            throws IOException {
        LogReport report;
        Stats stats;
        try (ProgressBar bar = new ProgressBar(terminal)) {
            stats = new Stats(bar);
            report = LogInspector.read(file, stats);
        }
        if (json) {
            terminal.out().println(Json.of(stats.json(report)));
        } else {
            terminal.out().println(Reports.verdict(report));
            terminal.out().print(stats.text(report));
        }
        return ExitCode.of(report.verdict());
    }

    @Command(
            name = "repair",
            description = {
                "Cuts a log at the first bad frame, after copying all of it to FILE.before-repair,"
                        + " and says what is lost. The node must be stopped.",
                "A backup, or a copy of another node, loses less: repair is the last resort."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ${ROOT-COMMAND-NAME} log repair --dry-run data/leader.log",
                "  ${ROOT-COMMAND-NAME} log repair --yes data/leader.log"
            })
    int repair(
            @Parameters(paramLabel = "FILE", description = "The log.") Path file,
            @Option(names = "--yes", description = "Do not ask.") boolean yes,
            @Option(names = "--dry-run", description = "Only say what would be lost.") boolean dry)
            throws IOException {
        return new Repair(terminal, file).run(yes, dry);
    }
}
