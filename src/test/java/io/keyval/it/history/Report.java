package io.keyval.it.history;

import io.keyval.it.history.Operation.Call;
import io.keyval.it.history.Operation.Outcome;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Says to a reader what is wrong with a reply, and what happened around it. */
record Report(List<Operation> operations, Operation wrong) {

    private static final int KNOWN = 16;
    private static final int UNKNOWN = 4;

    /**
     * @param held what the key may have held just before, in words
     */
    String text(String held) {
        StringBuilder text = new StringBuilder();
        text.append(
                "Key %s is not linearizable: no order explains%n  %s%n"
                        .formatted(wrong.key(), line(wrong)));
        text.append("Before it returned the key could hold: %s%n".formatted(held));
        if (wrong.call() == Call.GET && !wrong.value().isEmpty()) {
            text.append(origin());
        }
        text.append(
                "Operations around it (client, called and returned in ms since the first):%n"
                        .formatted());
        Stream.concat(latest(Operation::known, KNOWN), latest(this::concerns, UNKNOWN))
                .sorted(
                        Comparator.comparingLong(Operation::called)
                                .thenComparingInt(Operation::place))
                .forEach(
                        operation ->
                                text.append(
                                        "%s %s%n"
                                                .formatted(
                                                        operation.equals(wrong) ? "->" : "  ",
                                                        line(operation))));
        return text.toString();
    }

    private Stream<Operation> latest(Predicate<Operation> which, int count) {
        return operations.stream()
                .filter(operation -> operation.called() <= wrong.returned())
                .filter(which)
                .sorted(
                        Comparator.comparingLong(Operation::returned)
                                .thenComparingLong(Operation::called)
                                .reversed())
                .limit(count);
    }

    /** Of the many that never returned, those that could explain what is seen. */
    private boolean concerns(Operation unknown) {
        return !unknown.known() && couldExplain(unknown);
    }

    private boolean couldExplain(Operation unknown) {
        return switch (unknown.call()) {
            case PUT -> unknown.value().equals(wrong.value()) || wrong.call() == Call.DELETE;
            case DELETE -> wrong.value().isEmpty();
            case GET -> false;
        };
    }

    private String origin() {
        return operations.stream()
                .filter(other -> other.call() == Call.PUT && other.value().equals(wrong.value()))
                .findFirst()
                .map(put -> "%s was written by%n  %s%n".formatted(wrong.value(), line(put)))
                .orElseGet(() -> "%s was never written%n".formatted(wrong.value()));
    }

    private String line(Operation operation) {
        String reply =
                switch (operation.outcome()) {
                    case UNKNOWN -> "?";
                    case NOT_FOUND -> "NOT_FOUND";
                    case OK ->
                            operation.call() != Call.GET
                                    ? "OK"
                                    : operation.value().isEmpty() ? "nothing" : operation.value();
                };
        return "%3d  %10.3f .. %10s  %s%s -> %s"
                .formatted(
                        operation.client(),
                        millis(operation.called()),
                        operation.outcome() == Outcome.UNKNOWN
                                ? "?"
                                : "%.3f".formatted(millis(operation.returned())),
                        operation.call(),
                        operation.call() == Call.PUT ? " " + operation.value() : "",
                        reply);
    }

    private double millis(long nanos) {
        long first = operations.stream().mapToLong(Operation::called).min().orElse(0);
        return (nanos - first) / 1e6;
    }
}
