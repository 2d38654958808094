package io.keyval.wal;

import org.jspecify.annotations.Nullable;

/** The log cannot do what was asked of it; the message says why and names the file. */
public sealed class WalException extends RuntimeException
        permits CorruptLogException,
                DataDirectoryException,
                LogFailedException,
                LogRefusedException {

    private static final long serialVersionUID = 1L;

    WalException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
