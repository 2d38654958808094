package io.keyval.it.history;

/**
 * A key whose history no single register explains.
 *
 * @param operation the first reply that is wrong: everything that returned before it can be
 *     explained, with it nothing can
 * @param report what happened around it, for a reader
 */
public record Violation(String key, Operation operation, String report) {

    @Override
    public String toString() {
        return report;
    }
}
