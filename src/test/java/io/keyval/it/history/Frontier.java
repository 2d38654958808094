package io.keyval.it.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All that may have happened to a key so far.
 *
 * <p>A configuration that differs from another only in that it has spent more of the writes with
 * unknown outcome is left out: whatever follows it can follow the other.
 */
final class Frontier {

    /**
     * One thing that may have happened.
     *
     * @param done which of the open operations have had their effect, by slot
     * @param value what the key holds, by number; 0 is nothing
     * @param puts how many PUTs with unknown outcome, which nobody read, were spent
     * @param deletes how many DELETEs with unknown outcome were spent
     */
    record Configuration(long done, int value, int puts, int deletes) {

        Configuration with(int slot, int newValue) {
            return new Configuration(done | 1L << slot, newValue, puts, deletes);
        }

        Configuration spendPut() {
            return new Configuration(done, value, puts + 1, deletes);
        }

        Configuration spendDelete() {
            return new Configuration(done, value, puts, deletes + 1);
        }

        Configuration without(int slot) {
            return new Configuration(done & ~(1L << slot), value, puts, deletes);
        }

        private boolean spendsNoMoreThan(Configuration other) {
            return puts <= other.puts && deletes <= other.deletes;
        }
    }

    private record State(long done, int value) {}

    private static final int LARGEST = 5_000_000;

    private final Map<State, List<Configuration>> all = new HashMap<>();
    private int size;

    /**
     * Adds it unless there is one that is at least as good.
     *
     * @return whether it was added
     * @throws IllegalStateException if there are too many to go on
     */
    boolean add(Configuration configuration) {
        List<Configuration> same =
                all.computeIfAbsent(
                        new State(configuration.done(), configuration.value()),
                        _ -> new ArrayList<>(1));
        for (Configuration other : same) {
            if (other.spendsNoMoreThan(configuration)) {
                return false;
            }
        }
        size -= same.size();
        same.removeIf(configuration::spendsNoMoreThan);
        same.add(configuration);
        size += same.size();
        if (size > LARGEST) {
            throw new IllegalStateException("More may have happened than can be kept in mind");
        }
        return true;
    }

    boolean isEmpty() {
        return size == 0;
    }

    List<Configuration> configurations() {
        List<Configuration> list = new ArrayList<>(size);
        all.values().forEach(list::addAll);
        return list;
    }
}
