package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Replication on a network and on disks that fail in every way there is, decided by seeds. More of
 * them: {@code ./mvnw -B test -Dtest=ReplicationSimulationTests -Dkeyval.seeds=10000}; a single
 * one: {@code -Dkeyval.seed=S}.
 */
class ReplicationSimulationTests {

    private static final int SEEDS = Integer.getInteger("keyval.seeds", 300);

    @Test
    void whateverHappensThenHistoriesAreNeverMixedAndNothingAcknowledgedIsLost() {
        Long only = Long.getLong("keyval.seed");
        if (only != null) {
            simulate(only);
            return;
        }
        LongStream.range(0, SEEDS).parallel().forEach(ReplicationSimulationTests::simulate);
        for (Resync.Reason reason : Resync.Reason.values()) {
            if (reason != Resync.Reason.UNKNOWN) {
                assertThat(Simulation.RESYNCS.get(reason.ordinal()))
                        .as("full syncs, %s", reason.text())
                        .isPositive();
            }
        }
        assertThat(Simulation.RESYNCS.get(Resync.Reason.values().length))
                .as("partial resyncs")
                .isGreaterThan(SEEDS / 3);
    }

    private static void simulate(long seed) {
        try {
            new Simulation(seed).run();
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
        }
    }
}
