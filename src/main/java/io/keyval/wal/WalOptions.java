package io.keyval.wal;

/**
 * How a log behaves.
 *
 * @param fsync when writes are forced
 * @param maxPendingBytes how many bytes may wait for the writer before {@link Wal#isFull} says so
 * @param events who hears of it
 * @param files the file system
 * @param reserving whether zeros are written ahead of small frames that are forced one by one
 */
public record WalOptions(
        FsyncPolicy fsync,
        long maxPendingBytes,
        WalEvents events,
        WalFiles files,
        boolean reserving) {

    /** Forces always, 64 MB pending, tells nobody, on disk, reserves nothing. */
    public static final WalOptions DEFAULTS =
            new WalOptions(FsyncPolicy.ALWAYS, 64L << 20, WalEvents.NONE, WalFiles.DISK, false);

    /** The same with other events. */
    public WalOptions withEvents(WalEvents other) {
        return new WalOptions(fsync, maxPendingBytes, other, files, reserving);
    }

    /** The same with another fsync policy. */
    public WalOptions withFsync(FsyncPolicy other) {
        return new WalOptions(other, maxPendingBytes, events, files, reserving);
    }

    /** The same on another file system. */
    public WalOptions withFiles(WalFiles other) {
        return new WalOptions(fsync, maxPendingBytes, events, other, reserving);
    }

    /** The same with a reserve. */
    public WalOptions withReserve() {
        return new WalOptions(fsync, maxPendingBytes, events, files, true);
    }
}
