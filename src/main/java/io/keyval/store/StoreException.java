package io.keyval.store;

/** The store cannot do this now; the message says why and what to do. */
public final class StoreException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** With a sentence for the operator. */
    public StoreException(String message) {
        super(message);
    }
}
