package io.keyval.store;

/** An entry found no place in memory; the keyspace is as it was before. */
final class MemoryExhaustedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    MemoryExhaustedException(String reason) {
        super("The data does not fit into memory: " + reason + ".");
    }
}
