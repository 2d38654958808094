package io.keyval.cli;

import io.keyval.wal.LogInspector;
import java.io.PrintStream;
import java.util.Locale;

/**
 * Shows how far work is, on a terminal's standard error, once it takes longer than half a second:
 * the part that is done, the rate, and the time that is left.
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
        this(terminal, terminal.isInteractive() || terminal.isTerminal(Terminal.Stream.ERR));
    }

    private ProgressBar(Terminal terminal, boolean shown) {
        this.err = terminal.err();
        this.shown = shown;
    }

    /** One that shows nothing. */
    static ProgressBar hidden(Terminal terminal) {
        return new ProgressBar(terminal, false);
    }

    /** So many bytes of a file have been read. */
    @Override
    public void progress(long offset, long size) {
        if (isDue()) {
            show(line(offset, size, System.nanoTime() - begun));
        }
    }

    /**
     * So many entries are done.
     *
     * @param offset how many bytes of the input these are
     * @param size of the input; 0 when it is not known
     */
    void entries(long count, long offset, long size) {
        if (isDue()) {
            show(entriesLine(count, offset, size, System.nanoTime() - begun));
        }
    }

    private boolean isDue() {
        if (!shown) {
            return false;
        }
        long now = System.nanoTime();
        if (now - next < 0) {
            return false;
        }
        next = now + EVERY_NANOS;
        return true;
    }

    private void show(String line) {
        dirty = true;
        err.print("\r" + line + "\033[K");
        err.flush();
    }

    static String line(long offset, long size, long nanos) {
        double part = part(offset, size);
        return bar(part)
                + String.format(Locale.ROOT, "  %.0f MB/s", offset / 1e6 / (nanos / 1e9))
                + left(part, nanos);
    }

    static String entriesLine(long count, long offset, long size, long nanos) {
        String rate = Units.count(count / (nanos / 1e9)) + " entries/s";
        if (size == 0) {
            return Units.count(count) + " entries  " + rate;
        }
        double part = part(offset, size);
        return bar(part) + "  " + rate + left(part, nanos);
    }

    private static double part(long offset, long size) {
        return size == 0 ? 1 : Math.min(1, (double) offset / size);
    }

    private static String bar(double part) {
        int full = (int) (WIDTH * part);
        return "[%s%s] %3d %%"
                .formatted("#".repeat(full), ".".repeat(WIDTH - full), (int) (100 * part));
    }

    private static String left(double part, long nanos) {
        double seconds = nanos / 1e9;
        return "  " + Units.time(part == 0 ? 0 : seconds / part - seconds) + " left";
    }

    /** Takes the bar away, so that something else can be said. */
    void clear() {
        if (dirty) {
            err.print("\r\033[K");
            err.flush();
            dirty = false;
        }
    }

    @Override
    public void close() {
        clear();
    }
}
