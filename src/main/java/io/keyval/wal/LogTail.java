package io.keyval.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The end of a log, where its file is written and forced, and what becomes of it when that fails: a
 * write that cannot be done is undone, and the next one may succeed; a force that fails, or a write
 * that cannot be undone, ends the log, because nobody knows what is on disk (see
 * docs/durability.md).
 *
 * <p>For the writer thread, but what says otherwise.
 */
final class LogTail {

    private final WalOptions options;

    private volatile LogFile file;
    private volatile @Nullable LogFailedException failure;
    private volatile @Nullable String stall;

    private long end;
    private long forcedEnd;
    private long lastForce = System.nanoTime();

    /** Where the zeros end that were written ahead into the file. */
    private long reserved;

    LogTail(WalOptions options, LogFile file) {
        this.options = options;
        this.file = file;
        this.end = file.end.offset();
        this.forcedEnd = end;
        this.reserved = end;
    }

    /** The file that is written. Any thread. */
    LogFile file() {
        return file;
    }

    /** Why the log takes nothing more, or null. Any thread. */
    @Nullable LogFailedException failure() {
        return failure;
    }

    /** Why the last write was undone, or null when it was not. Any thread. */
    @Nullable String stall() {
        return stall;
    }

    /** Where the next frame begins. */
    long end() {
        return end;
    }

    /** Bytes that are written and not forced. */
    long unforced() {
        return end - forcedEnd;
    }

    /** Lets readers see all that is written. */
    void publish(long position, long epoch) {
        file.end = new LogFile.End(end, position, epoch);
    }

    /** Goes on at the end of another file, which is forced. */
    void goOnIn(LogFile next) {
        end = next.end.offset();
        forcedEnd = end;
        reserved = end;
        file = next;
    }

    /** Cuts off the zeros that were written ahead. */
    void cutReserve() {
        if (reserved > end) {
            try {
                file.channel.truncate(end);
            } catch (IOException e) {
                // The next start cuts it off.
            }
            reserved = end;
        }
    }

    /**
     * Writes whole frames at the end of the log, or leaves the log as it was and says why.
     *
     * @param position of the first record in them
     */
    @Nullable WalException write(ByteBuffer bytes, long position) {
        LogFile file = this.file;
        int length = bytes.remaining();
        try {
            LogOpener.writeFully(file.channel, bytes, end);
        } catch (IOException e) {
            return undo(file, e);
        }
        file.index.add(position, end);
        end += length;
        if (end > reserved) {
            reserve(file, length);
        }
        if (stall != null) {
            stall = null;
            options.events().resumed(file.path);
        }
        return null;
    }

    /** Has the next forces find the file as large as it is, where that is worth it. */
    private void reserve(LogFile file, int length) {
        reserved = end;
        if (!options.reserving()
                || options.fsync().mode() != FsyncPolicy.Mode.ALWAYS
                || !Reserve.isWorthIt(length)) {
            return;
        }
        try {
            reserved = Reserve.write(file.channel, end);
        } catch (IOException e) {
            // No room for it; what was written before it is there.
            reserved = Long.MAX_VALUE;
            cutReserve();
        }
    }

    /**
     * Cuts off what a failed write left, durably: nothing of it may come back behind later writes.
     */
    private WalException undo(LogFile file, IOException cause) {
        String reason = "writing %s failed: %s".formatted(file.path, cause.getMessage());
        try {
            file.channel.truncate(end);
            file.channel.force(true);
            forcedEnd = end;
            reserved = end;
        } catch (IOException e) {
            return fail(reason + ", and it could not be undone: " + e.getMessage(), cause);
        }
        if (stall == null) {
            options.events().stalled(file.path, reason);
        }
        stall = reason;
        return new LogRefusedException(reason, cause);
    }

    @Nullable WalException forceIfAlways() {
        return options.fsync().mode() == FsyncPolicy.Mode.ALWAYS ? force() : null;
    }

    void forceIfDue() {
        if (failure == null && untilForce() <= 0) {
            force();
        }
    }

    /** Nanoseconds until a force is due by the policy. */
    long untilForce() {
        if (options.fsync().mode() != FsyncPolicy.Mode.INTERVAL
                || forcedEnd == end
                || failure != null) {
            return Long.MAX_VALUE;
        }
        return lastForce + options.fsync().interval().toNanos() - System.nanoTime();
    }

    /** Forces what was written and is not forced yet; a failure is the last of this log. */
    @Nullable WalException force() {
        if (forcedEnd == end) {
            return null;
        }
        long before = System.nanoTime();
        try {
            file.channel.force(false);
        } catch (IOException e) {
            return fail("forcing %s to disk failed: %s".formatted(file.path, e.getMessage()), e);
        }
        lastForce = System.nanoTime();
        forcedEnd = end;
        options.events().forced(lastForce - before);
        return null;
    }

    /** The first reason stays, and is told once. */
    LogFailedException fail(String reason, Throwable cause) {
        LogFailedException before = failure;
        if (before != null) {
            return before;
        }
        LogFailedException failed =
                new LogFailedException(
                        reason + "; the log takes no more writes until the next start", cause);
        failure = failed;
        options.events().failed(file.path, reason);
        return failed;
    }
}
