package io.keyval.it.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.it.history.Operation.Call;
import io.keyval.it.history.Operation.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Random histories, judged by something simpler. A failure tells the seed. */
class LinearizabilityPropertyTests {

    private static final long SEED = Long.getLong("keyval.seed", System.nanoTime());

    @Test
    void whenAHistoryIsTinyThenEveryOrderTriedSaysTheSame() {
        Random random = new Random(SEED);
        int good = 0;
        int rounds = 60_000;
        for (int i = 0; i < rounds; i++) {
            List<Operation> history = tiny(random);
            boolean expected = BruteForce.linearizable(history);
            good += expected ? 1 : 0;
            List<Violation> violations = Linearizability.violations(history);
            assertThat(violations.isEmpty())
                    .as(() -> "seed %d, the history:%n%s".formatted(SEED, text(history)))
                    .isEqualTo(expected);
        }
        assertThat(good)
                .as("good histories of seed %d", SEED)
                .isBetween(rounds / 10, rounds * 9 / 10);
    }

    private static String text(List<Operation> history) {
        return history.stream().map(Operation::toString).collect(Collectors.joining("\n"));
    }

    private static List<Operation> tiny(Random random) {
        List<Operation> history = new ArrayList<>();
        int count = 2 + random.nextInt(6);
        int values = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            long called = random.nextInt(16);
            int place = 0;
            int client = i;
            if (i > 0 && random.nextInt(4) == 0) {
                Operation last = history.getLast();
                called = last.called();
                client = last.client();
                place = last.place() + 1;
            }
            long returned = called + 1 + random.nextInt(5);
            Outcome outcome = random.nextInt(4) == 0 ? Outcome.UNKNOWN : Outcome.OK;
            int call = random.nextInt(3);
            String value = "";
            if (call == 0) {
                value = "v" + i;
            } else if (call == 1 && outcome == Outcome.OK && random.nextInt(3) > 0) {
                value = "v" + random.nextInt(Math.max(values, count));
            } else if (call == 2 && outcome == Outcome.OK && random.nextBoolean()) {
                outcome = Outcome.NOT_FOUND;
            }
            history.add(
                    new Operation(
                            client,
                            "k",
                            Call.values()[call],
                            value,
                            outcome,
                            called,
                            place,
                            outcome == Outcome.UNKNOWN ? Long.MAX_VALUE : returned));
        }
        return history;
    }

    @Test
    void whenAHistoryIsLongThenItIsCheckedInSecondsAndOneWrongReplyIsFound() {
        SimulatedStore store = new SimulatedStore(new Random(SEED));
        List<Operation> history = store.history(100_000, 12, List.of("a", "b", "c"));
        long begun = System.nanoTime();
        assertThat(Linearizability.violations(history)).as("seed %d", SEED).isEmpty();
        assertThat(Duration.ofNanos(System.nanoTime() - begun))
                .as("time of the check, seed %d", SEED)
                .isLessThan(Duration.ofSeconds(60));
        List<Operation> broken = store.withStaleRead(history);
        assertThat(Linearizability.violations(broken)).as("seed %d", SEED).hasSize(1);
    }
}
