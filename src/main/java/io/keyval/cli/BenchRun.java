package io.keyval.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Puts a load on a node, phase by phase, all on connections that stay. Not thread-safe. */
final class BenchRun implements AutoCloseable {

    private static final long TICK_MILLIS = 100;

    private final BenchSettings settings;
    private final BenchProgress progress;
    private final List<BenchLoop> loops = new ArrayList<>();
    private final ExecutorService threads;

    /**
     * Opens all connections.
     *
     * @throws BenchLostException if nobody answers
     * @throws RefusedException if the node takes no such clients
     */
    BenchRun(BenchSettings settings, BenchProgress progress) throws IOException {
        this.settings = settings;
        this.progress = progress;
        this.threads = Executors.newFixedThreadPool(settings.threads());
        try {
            for (int i = 0; i < settings.threads(); i++) {
                loops.add(new BenchLoop(settings));
            }
            for (int i = 0; i < settings.clients(); i++) {
                loops.get(i % loops.size()).connect(i);
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** PUTs every key once. */
    BenchReport fill() {
        return run(
                "fill",
                null,
                settings.keys(),
                i ->
                        BenchPhase.fill(
                                i * settings.keys() / loops.size(), share(settings.keys(), i)));
    }

    /** Random requests for so long. */
    BenchReport time(String name, Duration duration) {
        long deadline = System.nanoTime() + duration.toNanos();
        return run(name, duration, 0, i -> BenchPhase.until(deadline));
    }

    /** So many random requests. */
    BenchReport requests(String name, long requests) {
        return run(name, null, requests, i -> BenchPhase.count(share(requests, i)));
    }

    /** The part of {@code total} that the loop does. */
    private long share(long total, int loop) {
        return (loop + 1) * total / loops.size() - loop * total / loops.size();
    }

    private BenchReport run(
            String name,
            @Nullable Duration duration,
            long requests,
            IntFunction<BenchPhase> phase) {
        List<BenchTally> gets = new ArrayList<>();
        List<BenchTally> puts = new ArrayList<>();
        ExecutorCompletionService<Void> running = new ExecutorCompletionService<>(threads);
        long begun = System.nanoTime();
        for (int i = 0; i < loops.size(); i++) {
            BenchLoop loop = loops.get(i);
            BenchPhase one = phase.apply(i);
            BenchTally tallyOfGets = new BenchTally();
            BenchTally tallyOfPuts = new BenchTally();
            gets.add(tallyOfGets);
            puts.add(tallyOfPuts);
            running.submit(() -> loop.run(one, tallyOfGets, tallyOfPuts), null);
        }
        Histogram allGets = BenchTally.histogram();
        Histogram allPuts = BenchTally.histogram();
        progress.begin(name, duration, requests);
        int left = loops.size();
        while (left > 0) {
            left -= finished(running) ? 1 : 0;
            Histogram newGets = BenchTally.histogram();
            Histogram newPuts = BenchTally.histogram();
            gets.forEach(tally -> tally.moveTo(newGets));
            puts.forEach(tally -> tally.moveTo(newPuts));
            allGets.add(newGets);
            allPuts.add(newPuts);
            newGets.add(newPuts);
            progress.tick(newGets, errors(gets, puts));
        }
        progress.end();
        return new BenchReport(
                settings,
                (System.nanoTime() - begun) / 1e9,
                allGets,
                allPuts,
                gets.stream().mapToLong(BenchTally::misses).sum(),
                errors(gets, puts));
    }

    /** Waits a moment; true when one more loop has finished its phase. */
    private boolean finished(ExecutorCompletionService<Void> running) {
        try {
            Future<Void> done = running.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
            if (done == null) {
                return false;
            }
            done.get();
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException("It was interrupted.");
        } catch (ExecutionException e) {
            progress.end();
            if (e.getCause() instanceof BenchLostException lost) {
                throw lost;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private static TreeMap<String, Long> errors(List<BenchTally> gets, List<BenchTally> puts) {
        TreeMap<String, Long> sums = new TreeMap<>();
        gets.forEach(tally -> tally.addErrorsTo("GET: ", sums));
        puts.forEach(tally -> tally.addErrorsTo("PUT: ", sums));
        return sums;
    }

    @Override
    public void close() throws IOException {
        loops.forEach(BenchLoop::giveUp);
        threads.close();
        for (BenchLoop loop : loops) {
            loop.close();
        }
    }
}
