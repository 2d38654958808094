package io.keyval.it;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three nodes of a cluster, processes with networks, disks and clocks of their own, to which the
 * quicker of the faults happen once each while clients read and write; what these were told has to
 * be linearizable. All faults, in random order and for longer: {@code ./mvnw -B verify
 * -Dit.test=LinearizabilityIT -Dkeyval.fault-minutes=30 -Dkeyval.faults=.}; those whose names
 * match: {@code -Dkeyval.faults='disk|clock'}.
 */
class LinearizabilityIT {

    private static final Duration LONGER =
            Duration.ofMinutes(Integer.getInteger("keyval.fault-minutes", 0));
    private static final long SEED = Long.getLong("keyval.seed", System.nanoTime());

    /** Some ten seconds each, or less. */
    private static final String QUICK =
            "leader is killed|stands still|cut off|hears|connections|cannot force|clocks|at once";

    private static final Pattern WANTED =
            Pattern.compile(System.getProperty("keyval.faults", QUICK));
    private static final Path REPORTS = Path.of("target", "histories").toAbsolutePath();

    @TempDir private Path directory;

    private PrivateNetwork network(String... settings) {
        String missing = PrivateNetwork.missing();
        assumeThat(missing).as("networks can fail here").isNull();
        return new PrivateNetwork(
                ClusterFaults.class,
                Stream.concat(
                                Stream.of(
                                        directory.toString(),
                                        REPORTS.toString(),
                                        Long.toString(SEED)),
                                Stream.of(settings))
                        .toArray(String[]::new));
    }

    @TestFactory
    Stream<DynamicTest> faults() {
        PrivateNetwork network = network();
        System.err.println("Seed " + SEED + ", histories of failures in " + REPORTS);
        List<String> names =
                ClusterFaults.FAULTS.keySet().stream()
                        .filter(name -> WANTED.matcher(name).find())
                        .toList();
        Random random = new Random(SEED);
        long begun = System.nanoTime();
        Stream<String> more =
                Stream.generate(() -> names.get(random.nextInt(names.size())))
                        .takeWhile(_ -> System.nanoTime() - begun < LONGER.toNanos());
        return inTurn(
                        List.of(
                                names.iterator(),
                                more.iterator(),
                                List.of(ClusterFaults.LAST).iterator()))
                .map(name -> DynamicTest.dynamicTest(name, () -> network.ask(name)))
                .onClose(network::close);
    }

    /** All of one, then all of the next, none of them before it is asked for. */
    private static Stream<String> inTurn(List<Iterator<String>> parts) {
        return Stream.generate(() -> parts.stream().filter(Iterator::hasNext).findFirst())
                .takeWhile(Optional::isPresent)
                .map(part -> part.get().next());
    }

    @Test
    void whenANodeAnswersFromMemoryThenItsStaleReadsAreFound() throws Exception {
        try (PrivateNetwork network = network("--keyval.cluster.reads=local")) {
            network.ask(ClusterFaults.STALE);
        }
    }
}
