package io.keyval.cli;

import io.keyval.wal.LogInspector;
import io.keyval.wal.LogReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Copies logs that no node of this process has opened. */
final class Backup {

    private final Terminal terminal;

    Backup(Terminal terminal) {
        this.terminal = terminal;
    }

    /**
     * Copies the good part of a log through a temporary file, checks the copy, and tells.
     *
     * @throws RefusedException when the log is corrupt, or the target is there
     */
    void copy(Path file, Path target, Path temporary) throws IOException {
        if (Files.exists(target)) {
            throw new RefusedException("%s is there already.".formatted(target));
        }
        LogReport report = Reports.verify(file, terminal);
        if (report.id() == null || report.verdict() == LogReport.Verdict.CORRUPT) {
            throw new CorruptFileException(Reports.verdict(report) + ". No copy was made of it.");
        }
        if (report.verdict() == LogReport.Verdict.TORN_TAIL) {
            terminal.err()
                    .println(Reports.verdict(report) + ". The copy is made without the tail.");
        }
        LogInspector.copy(file, report.end(), temporary);
        LogReport copied = Reports.verify(temporary, terminal);
        if (copied.verdict() != LogReport.Verdict.GOOD || copied.position() != report.position()) {
            Files.delete(temporary);
            throw new RefusedException(
                    "The copy is not what was read: %s. It was deleted."
                            .formatted(Reports.verdict(copied)));
        }
        LogInspector.rename(temporary, target);
        terminal.out()
                .println(
                        "%s: %d bytes, position %d, checked"
                                .formatted(target, copied.size(), copied.position()));
    }
}
