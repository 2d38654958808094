package io.keyval.cli;

import io.keyval.wal.LogInspector;
import java.io.PrintStream;

/**
 * Shows how far the reading of a file is, on a terminal's standard error, once it takes longer than
 * half a second.
 */
final class ProgressBar implements LogInspector.Visitor, AutoCloseable {

    private static final int WIDTH = 30;
    private static final long FIRST_NANOS = 500_000_000;
    private static final long EVERY_NANOS = 100_000_000;

    private final PrintStream err;
    private final boolean shown;
    private final long begun = System.nanoTime();
    private long next = begun + FIRST_NANOS;
    private boolean dirty;

    ProgressBar(Terminal terminal) {
        this.err = terminal.err();
        this.shown = terminal.isInteractive();
    }

    @Override
    public void progress(long offset, long size) {
        if (!shown) {
            return;
        }
        long now = System.nanoTime();
        if (now - next < 0) {
            return;
        }
        next = now + EVERY_NANOS;
        dirty = true;
        err.print("\r" + line(offset, size, now - begun));
        err.flush();
    }

    static String line(long offset, long size, long nanos) {
        double part = size == 0 ? 1 : Math.min(1, (double) offset / size);
        int full = (int) (WIDTH * part);
        double seconds = nanos / 1e9;
        return "[%s%s] %3d %%  %.0f MB/s  %.0f s left "
                .formatted(
                        "#".repeat(full),
                        ".".repeat(WIDTH - full),
                        (int) (100 * part),
                        offset / 1e6 / seconds,
                        part == 0 ? 0 : seconds / part - seconds);
    }

    /** Takes the bar away. */
    @Override
    public void close() {
        if (dirty) {
            err.print("\r" + " ".repeat(WIDTH + 40) + "\r");
            err.flush();
            dirty = false;
        }
    }
}
