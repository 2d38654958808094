package io.keyval.cli;

import io.keyval.wal.DataDirectory;
import io.keyval.wal.LogInspector;
import io.keyval.wal.LogLoss;
import io.keyval.wal.LogReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;

/** Cuts one log at its first bad frame. */
final class Repair {

    private final Terminal terminal;
    private final Path file;

    Repair(Terminal terminal, Path file) {
        this.terminal = terminal;
        this.file = file;
    }

    int run(boolean yes, boolean dry) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString());
        }
        if (dry) {
            LogReport report = report();
            return report.verdict() == LogReport.Verdict.GOOD || report.baseWhole()
                    ? ExitCode.of(report.verdict())
                    : ExitCode.CORRUPT;
        }
        Path parent = Objects.requireNonNull(file.toAbsolutePath().getParent());
        try (DataDirectory held = DataDirectory.hold(parent)) {
            return cut(held, yes);
        }
    }

    private LogReport report() throws IOException {
        LogReport report = Reports.verify(file, terminal);
        terminal.out().println(Reports.verdict(report));
        if (report.verdict() == LogReport.Verdict.GOOD) {
            terminal.out().println("There is nothing to repair.");
        } else if (!report.baseWhole()) {
            terminal.out()
                    .println(
                            report.verdict() == LogReport.Verdict.TORN_TAIL
                                    ? "It holds nothing; a node that starts on it begins a new log."
                                    : report.id() == null
                                            ? "A log without its header cannot be repaired: restore a backup, or sync from another node."
                                            : "The base of the log is damaged, no cut makes a log of it: restore a backup, or sync from another node; 'log dump --behind-damage' prints what is readable.");
        } else {
            LogLoss loss = LogInspector.behind(report, LogInspector.Visitor.NONE);
            terminal.out().println(Reports.loss(report, loss));
        }
        terminal.out().flush();
        return report;
    }

    private int cut(DataDirectory held, boolean yes) throws IOException {
        LogReport report = report();
        if (report.verdict() == LogReport.Verdict.GOOD || !report.baseWhole()) {
            return ExitCode.of(report.verdict());
        }
        if (!yes && !agreed()) {
            return ExitCode.REFUSED;
        }
        Path copy = free(file);
        if (held.usableSpace() < report.size()) {
            throw new RefusedException(
                    "There is no room for the copy: it needs %d bytes and %d are free. Nothing was changed."
                            .formatted(report.size(), held.usableSpace()));
        }
        LogInspector.copy(file, report.size(), copy);
        terminal.out().println("The log as it was is now in " + copy + ".");
        LogInspector.cut(file, report.end());
        LogReport after = Reports.verify(file, terminal);
        if (after.verdict() != LogReport.Verdict.GOOD) {
            throw new RefusedException(
                    "It is still not good after the cut: " + Reports.verdict(after) + ".");
        }
        terminal.out()
                .println(
                        "%s was cut at offset %d. It is good, its last position is %d."
                                .formatted(file, report.end(), after.position()));
        return ExitCode.GOOD;
    }

    private boolean agreed() throws IOException {
        if (!terminal.isInteractive()) {
            terminal.err().println("Nothing was changed: give --yes to cut it.");
            return false;
        }
        String answer = terminal.ask("Copy the log aside and cut it? Type yes: ");
        if (answer == null || !answer.strip().equals("yes")) {
            terminal.err().println("Nothing was changed.");
            return false;
        }
        return true;
    }

    private static Path free(Path file) {
        String name = file.getFileName() + ".before-repair";
        Path copy = file.resolveSibling(name);
        for (int i = 1; Files.exists(copy); i++) {
            copy = file.resolveSibling(name + "-" + i);
        }
        return copy;
    }
}
