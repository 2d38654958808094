package io.keyval.store;

import io.keyval.wal.WalEvents;
import java.nio.file.Path;

/** Follows the replay of a log, and ends it when it is told to. Thread-safe. */
final class ReplayWatch implements WalEvents {

    private volatile Replay progress = new Replay(0, 0, 0);
    private volatile boolean givenUp;

    /** How far the last replay is. */
    Replay progress() {
        return progress;
    }

    /** Goes on from what another replay came to. */
    void goOnFrom(Replay other) {
        progress = other;
    }

    /** Ends the replay that runs, and every later one, soon. */
    void giveUp() {
        givenUp = true;
    }

    boolean isGivenUp() {
        return givenUp;
    }

    void begin(long totalBytes) {
        progress = new Replay(0, 0, totalBytes);
        check();
    }

    /**
     * Called once a megabyte, by the thread that replays.
     *
     * @throws ReplayAbandonedException where it is to go no further
     */
    @Override
    public void replaying(Path file, long records, long bytes, long totalBytes) {
        progress = new Replay(records, bytes, totalBytes);
        check();
    }

    private void check() {
        if (givenUp) {
            throw new ReplayAbandonedException(
                    "The replay of the log was given up because the node stops; nothing was changed.");
        }
    }
}
