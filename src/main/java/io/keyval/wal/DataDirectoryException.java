package io.keyval.wal;

import org.jspecify.annotations.Nullable;

/** The data directory, or a file in it, cannot be used; the message says what to change. */
public final class DataDirectoryException extends WalException {

    private static final long serialVersionUID = 1L;

    DataDirectoryException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
