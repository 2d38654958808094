package io.keyval.cli;

import io.keyval.wal.LogInspector;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The entries that a log ends with, as the lines that {@link Export} prints: for import, whose
 * numbers of lines are the numbers of these entries.
 *
 * <p>Nothing is read before the whole log was found to be good up to its last, torn group. A log
 * that cannot be read is an {@link IOException} at the end of the stream.
 */
final class LogLines extends FilterInputStream {

    private static final int BUFFER = 1 << 20;

    private volatile @Nullable String failure;

    private LogLines(PipedInputStream lines) {
        super(lines);
    }

    /** Whether a file is a log, and so a backup or a snapshot, by how it begins. */
    static boolean isOne(Path file) throws IOException {
        return LogInspector.isLog(file);
    }

    static LogLines open(Terminal terminal, Path log) throws IOException {
        PipedInputStream end = new PipedInputStream(BUFFER);
        PipedOutputStream begin = new PipedOutputStream(end);
        LogLines lines = new LogLines(end);
        Thread.ofPlatform()
                .daemon()
                .name("log-lines")
                .start(() -> lines.fill(terminal, log, begin));
        return lines;
    }

    private void fill(Terminal terminal, Path log, PipedOutputStream target) {
        // Why it ends early is known before the reader sees the end.
        try (target) {
            failure = export(terminal, log, target);
        } catch (IOException e) {
            failure = e.toString();
        }
    }

    /** Writes the lines; why they are not all there, or null. */
    private static @Nullable String export(Terminal terminal, Path log, PipedOutputStream target) {
        try {
            new Export(terminal, EntryLines.PLAIN)
                    .run(log, ProgressBar.hidden(terminal), lines -> write(target, lines));
            return null;
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            return e.getMessage() == null ? e.toString() : e.getMessage();
        }
    }

    private static void write(PipedOutputStream target, byte[] lines) {
        try {
            target.write(lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int read = super.read(target, offset, length);
        String why = failure;
        if (read < 0 && why != null) {
            throw new IOException(why.replaceFirst("\\.$", ""));
        }
        return read;
    }
}
