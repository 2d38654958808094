package io.keyval.console;

/**
 * Something that happened to the node.
 *
 * @param seq counts events from 1 since the process started
 * @param time in milliseconds since 1970
 * @param level how much it matters
 * @param text one sentence, without keys, values and secrets
 */
record Event(long seq, long time, Level level, String text) {

    /** How much an event matters to who runs the node. */
    enum Level {
        /** Ordinary life. */
        INFO,
        /** Something is well again, or better than before. */
        GOOD,
        /** Somebody should know. */
        WARNING,
        /** Somebody has to act. */
        ERROR
    }
}
