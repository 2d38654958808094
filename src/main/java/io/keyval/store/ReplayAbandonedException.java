package io.keyval.store;

/** A replay was given up because the process is about to end. Nothing was changed. */
public final class ReplayAbandonedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ReplayAbandonedException(String message) {
        super(message);
    }
}
