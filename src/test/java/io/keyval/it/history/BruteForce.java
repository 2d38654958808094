package io.keyval.it.history;

import io.keyval.it.history.Operation.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tries every order, and every choice of the operations that may not have happened. */
final class BruteForce {

    private BruteForce() {}

    /** Whether some order explains the history of one key. */
    static boolean linearizable(List<Operation> history) {
        return explained(new ArrayList<>(history), "");
    }

    private static boolean explained(List<Operation> left, String value) {
        if (left.stream().noneMatch(Operation::known)) {
            return true;
        }
        for (Operation next : left) {
            if (left.stream().anyMatch(other -> before(other, next))) {
                continue;
            }
            String after = after(next, value);
            if (after != null) {
                List<Operation> rest = new ArrayList<>(left);
                rest.remove(next);
                if (explained(rest, after)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether the one must have happened before the other. */
    private static boolean before(Operation one, Operation other) {
        return one.known()
                && (one.returned() < other.called()
                        || (other.known()
                                && one.client() == other.client()
                                && one.called() == other.called()
                                && one.place() < other.place()));
    }

    private static @Nullable String after(Operation operation, String value) {
        boolean right =
                switch (operation.call()) {
                    case PUT -> true;
                    case GET -> !operation.known() || operation.value().equals(value);
                    case DELETE ->
                            !operation.known()
                                    || value.isEmpty()
                                            == (operation.outcome() == Outcome.NOT_FOUND);
                };
        if (!right) {
            return null;
        }
        return switch (operation.call()) {
            case PUT -> operation.value();
            case GET -> value;
            case DELETE -> "";
        };
    }
}
