package io.keyval.wal;

/**
 * How a log behaves.
 *
 * @param fsync when writes are forced
 * @param maxPendingBytes how much may wait for the writer before callers of append block
 * @param events who hears of it
 * @param files the file system
 */
public record WalOptions(
        FsyncPolicy fsync, long maxPendingBytes, WalEvents events, WalFiles files) {

    /** Forces always, 64 MB pending, tells nobody, on disk. */
    public static final WalOptions DEFAULTS =
            new WalOptions(FsyncPolicy.ALWAYS, 64L << 20, WalEvents.NONE, WalFiles.DISK);

    /** The same with other events. */
    public WalOptions withEvents(WalEvents other) {
        return new WalOptions(fsync, maxPendingBytes, other, files);
    }

    /** The same with another fsync policy. */
    public WalOptions withFsync(FsyncPolicy other) {
        return new WalOptions(other, maxPendingBytes, events, files);
    }

    /** The same on another file system. */
    public WalOptions withFiles(WalFiles other) {
        return new WalOptions(fsync, maxPendingBytes, events, other);
    }
}
