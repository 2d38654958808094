package io.keyval.store;

/**
 * How far the replay of the log is, or has come when it is over.
 *
 * @param records read so far
 * @param bytes read so far
 * @param totalBytes of the log
 */
public record Replay(long records, long bytes, long totalBytes) {

    /** A sentence for whoever waits for it. */
    @Override
    public String toString() {
        return "The log is being replayed: %d of %d bytes.".formatted(bytes, totalBytes);
    }
}
