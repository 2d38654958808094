package io.keyval.wal;

import org.jspecify.annotations.Nullable;

/**
 * The log takes no more writes until the process starts again: a force failed, a failed write could
 * not be undone, or the log is closed. What the failed write left on disk is unknown.
 */
public final class LogFailedException extends WalException {

    private static final long serialVersionUID = 1L;

    LogFailedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
