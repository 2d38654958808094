package io.keyval.replication;

/** A change of role is refused; the message says why and what to do. */
public final class PromotionException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    PromotionException(String message) {
        super(message);
    }
}
