package io.keyval.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Tells on standard error how a load goes: a line that changes on a terminal, a line a second
 * elsewhere. Not thread-safe.
 */
final class BenchProgress {

    private static final long ON_A_TERMINAL = 250_000_000;
    private static final long ELSEWHERE = 1_000_000_000;
    private static final int WIDTH = 100;

    private final PrintStream err;
    private final boolean changing;
    private final long every;
    private final Histogram since = BenchTally.histogram();
    private String name = "";
    private @Nullable Duration duration;
    private long requests;
    private long begun;
    private long told;
    private long done;

    BenchProgress(Terminal terminal) {
        err = terminal.err();
        changing = terminal.isInteractive();
        every = changing ? ON_A_TERMINAL : ELSEWHERE;
    }

    /**
     * A phase begins.
     *
     * @param whole how long it lasts; null when it ends by a number of requests
     */
    void begin(String phase, @Nullable Duration whole, long wholeRequests) {
        name = phase;
        duration = whole;
        requests = wholeRequests;
        begun = System.nanoTime();
        told = begun;
        done = 0;
        since.reset();
    }

    /** More replies have come. */
    void tick(Histogram latencies, Map<String, Long> errors) {
        since.add(latencies);
        done += latencies.getTotalCount();
        long now = System.nanoTime();
        if (now - told < every) {
            return;
        }
        double seconds = (now - told) / 1e9;
        long failed = errors.values().stream().mapToLong(Long::longValue).sum();
        String line =
                String.format(
                        Locale.ROOT,
                        "%-8s %s   %,12.0f/s   p99 %.2f ms   errors %,d",
                        name,
                        far(now),
                        since.getTotalCount() / seconds,
                        since.getValueAtPercentile(99) / 1e6,
                        failed);
        if (changing) {
            err.print("\r" + line + " ".repeat(Math.max(0, WIDTH - line.length())));
        } else {
            err.println(line);
        }
        err.flush();
        told = now;
        since.reset();
    }

    private String far(long now) {
        if (duration == null) {
            return String.format(Locale.ROOT, "%,d of %,d", done, requests);
        }
        double seconds = Math.min((now - begun) / 1e9, duration.toMillis() / 1e3);
        return String.format(Locale.ROOT, "%.0f s of %d s", seconds, duration.toSeconds());
    }

    /** Takes the changing line away. */
    void end() {
        if (changing) {
            err.print("\r" + " ".repeat(WIDTH) + "\r");
            err.flush();
        }
    }
}
