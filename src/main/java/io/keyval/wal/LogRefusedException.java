package io.keyval.wal;

import org.jspecify.annotations.Nullable;

/**
 * This write, or this compaction, could not be done, and left no trace in the log: a full disk, an
 * I/O error that was undone, frames that do not continue the log. Later ones may succeed.
 */
public final class LogRefusedException extends WalException {

    private static final long serialVersionUID = 1L;

    LogRefusedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
