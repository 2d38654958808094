package io.keyval.cli;

/**
 * What a thread of a load sends until when. It ends at its deadline or when all requests are sent,
 * whichever comes first, and then waits for the replies.
 *
 * @param inOrder PUT the keys from {@code firstKey} on, each once, instead of drawing verb and key
 * @param firstKey where a phase in order begins
 * @param requests how many
 * @param deadline as {@link System#nanoTime} tells
 */
record BenchPhase(boolean inOrder, long firstKey, long requests, long deadline) {

    private static final long FAR = 1L << 62;

    /** PUTs each key from {@code firstKey} on once. */
    static BenchPhase fill(long firstKey, long count) {
        return new BenchPhase(true, firstKey, count, System.nanoTime() + FAR);
    }

    /** Random requests until the deadline. */
    static BenchPhase until(long deadline) {
        return new BenchPhase(false, 0, Long.MAX_VALUE, deadline);
    }

    /** So many random requests. */
    static BenchPhase count(long requests) {
        return new BenchPhase(false, 0, requests, System.nanoTime() + FAR);
    }
}
