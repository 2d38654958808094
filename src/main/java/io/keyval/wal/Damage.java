package io.keyval.wal;

/**
 * The first bytes of a log that are no whole frame where one should be.
 *
 * @param offset where they begin
 * @param what what is wrong with them
 * @param acknowledged whether something in the file says that they were durable once; then this is
 *     corruption, otherwise a tail that a crash tore
 */
record Damage(long offset, String what, boolean acknowledged) {

    /** The end of {@code what} where a cut would leave no state to build on. */
    static final String IN_BASE = ", in the base that a compaction wrote";
}
