package io.keyval.it.history;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Tells whether what clients saw could have come from one register for each key. */
public final class Linearizability {

    private Linearizability() {}

    /**
     * Checks each key, which holds nothing at first.
     *
     * @param history operations in any order; each PUT of a key writes another value
     * @return the first violation of each key that has one, in the order of the keys
     * @throws IllegalArgumentException if a value is written twice to a key
     * @throws IllegalStateException if too much of the history is concurrent to be checked
     */
    public static List<Violation> violations(Collection<Operation> history) {
        Map<String, List<Operation>> keys =
                history.stream()
                        .collect(
                                Collectors.groupingBy(
                                        Operation::key, TreeMap::new, Collectors.toList()));
        return new ArrayList<>(keys.values())
                .parallelStream()
                        .map(operations -> new KeySearch(operations).violation())
                        .filter(Objects::nonNull)
                        .toList();
    }
}
