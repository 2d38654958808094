package io.keyval.cli;

import io.keyval.wal.LogFrame;
import io.keyval.wal.LogInspector;
import io.keyval.wal.LogReport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Prints the entries that a log ends with, in the order in which they were last written.
 *
 * <p>Reads the log twice: the first time to find the last record of each key, the second time to
 * print those. So it needs memory for the keys, and not for the values.
 */
final class Export {

    /** How often a log is read again that a running node was writing to. */
    private static final int ATTEMPTS = 3;

    private static final int BUFFER = 1 << 16;

    /** Takes what is printed. */
    interface Sink {

        /** Takes whole lines. */
        void write(byte[] lines);
    }

    private final Terminal terminal;
    private final EntryLines format;

    Export(Terminal terminal, EntryLines format) {
        this.terminal = terminal;
        this.format = format;
    }

    /**
     * Prints to standard output, and answers the exit code.
     *
     * @throws CorruptFileException when the log is corrupt; nothing was printed
     * @throws RefusedException when the log was replaced by a shorter one meanwhile
     */
    int run(Path file) throws IOException {
        try (ProgressBar bar = new ProgressBar(terminal)) {
            return run(file, bar, this::print);
        }
    }

    private void print(byte[] lines) {
        terminal.out().write(lines, 0, lines.length);
        if (terminal.out().checkError()) {
            throw new OutputClosedException();
        }
    }

    /** As {@link #run(Path)}, to a sink, and with a bar of the caller's. */
    int run(Path file, ProgressBar bar, Sink sink) throws IOException {
        LastRecords last = new LastRecords(bar);
        LogReport report = LogInspector.read(file, last);
        for (int i = 1; i < ATTEMPTS && isGrowing(report); i++) {
            last = new LastRecords(bar);
            report = LogInspector.read(file, last);
        }
        if (report.verdict() == LogReport.Verdict.CORRUPT) {
            bar.clear();
            throw new CorruptFileException(
                    Reports.verdict(report)
                            + ". Nothing was exported; 'log dump' prints what is readable.");
        }
        Printer printer = new Printer(last.records, bar, sink);
        LogReport again = LogInspector.read(file, printer);
        printer.flush();
        bar.clear();
        if (!Objects.equals(report.id(), again.id())
                || report.basePosition() != again.basePosition()
                || again.position() < report.position()) {
            throw new RefusedException(
                    "%s was replaced while it was read, as a compaction does: what was printed is not all. Do it again."
                            .formatted(file));
        }
        if (report.verdict() == LogReport.Verdict.TORN_TAIL) {
            terminal.err().println(Reports.verdict(report) + ". All before it was exported.");
        }
        return ExitCode.of(report.verdict());
    }

    private static boolean isGrowing(LogReport report) throws IOException {
        return report.verdict() == LogReport.Verdict.TORN_TAIL
                && Files.size(report.file()) > report.size();
    }

    /** The number of each key's last record, counted from the start of the log. */
    private static final class LastRecords implements LogInspector.Visitor {

        private final ProgressBar bar;
        private final Map<ByteBuffer, Long> records = new HashMap<>();
        private long number;

        LastRecords(ProgressBar bar) {
            this.bar = bar;
        }

        @Override
        public void put(LogFrame frame, long position, byte[] key, byte[] value) {
            records.put(ByteBuffer.wrap(key), number++);
        }

        @Override
        public void delete(LogFrame frame, long position, byte[] key) {
            records.remove(ByteBuffer.wrap(key));
            number++;
        }

        @Override
        public void progress(long offset, long size) {
            bar.progress(offset, 2 * size);
        }
    }

    private final class Printer implements LogInspector.Visitor {

        private final Map<ByteBuffer, Long> records;
        private final ProgressBar bar;
        private final Sink sink;
        private final ByteArrayOutputStream lines = new ByteArrayOutputStream(2 * BUFFER);
        private long number;

        Printer(Map<ByteBuffer, Long> records, ProgressBar bar, Sink sink) {
            this.records = records;
            this.bar = bar;
            this.sink = sink;
        }

        @Override
        public void put(LogFrame frame, long position, byte[] key, byte[] value) {
            Long last = records.get(ByteBuffer.wrap(key));
            if (last != null && last == number) {
                format.write(key, value, lines);
                if (lines.size() > BUFFER) {
                    flush();
                }
            }
            number++;
        }

        @Override
        public void delete(LogFrame frame, long position, byte[] key) {
            number++;
        }

        @Override
        public void progress(long offset, long size) {
            bar.progress(size + offset, 2 * size);
        }

        void flush() {
            sink.write(lines.toByteArray());
            lines.reset();
        }
    }
}
