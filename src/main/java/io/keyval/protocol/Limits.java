package io.keyval.protocol;

/**
 * Bounds on the words of a command, in bytes.
 *
 * @param maxKeySize the longest key that is a key
 * @param maxValueSize the longest value that is a value
 */
public record Limits(int maxKeySize, int maxValueSize) {

    private static final int VERB_AND_SPACES = "DELETE  ".length();
    private static final int CARRIAGE_RETURN = 1;

    /** Checks that both bounds allow at least one byte. */
    public Limits {
        if (maxKeySize < 1 || maxValueSize < 1) {
            throw new IllegalArgumentException("limits must be positive");
        }
    }

    /** No command within the limits has a longer line, not counting its LF. */
    public int maxLineSize() {
        long size = (long) VERB_AND_SPACES + maxKeySize + maxValueSize + CARRIAGE_RETURN;
        return (int) Math.min(size, Integer.MAX_VALUE / 2);
    }
}
