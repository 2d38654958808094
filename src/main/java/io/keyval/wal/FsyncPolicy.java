package io.keyval.wal;

import java.time.Duration;

/**
 * When writes are forced to disk.
 *
 * @param mode when
 * @param interval at least how often, with {@link Mode#INTERVAL}; otherwise zero
 */
public record FsyncPolicy(Mode mode, Duration interval) {

    /** When a group is forced. */
    public enum Mode {
        /** Before it is acknowledged. A crash of the machine loses nothing acknowledged. */
        ALWAYS,
        /**
         * After it is acknowledged. A crash of the machine loses what the last interval brought.
         */
        INTERVAL,
        /** When the system likes. A crash of the machine loses what was not written back. */
        NEVER
    }

    /** Force, then acknowledge. */
    public static final FsyncPolicy ALWAYS = new FsyncPolicy(Mode.ALWAYS, Duration.ZERO);

    /** Leave it to the system. */
    public static final FsyncPolicy NEVER = new FsyncPolicy(Mode.NEVER, Duration.ZERO);

    /** Force once an interval. */
    public static FsyncPolicy every(Duration interval) {
        return new FsyncPolicy(Mode.INTERVAL, interval);
    }
}
