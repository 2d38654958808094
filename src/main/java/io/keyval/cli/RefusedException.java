package io.keyval.cli;

/** A command cannot do what it was asked for; the message is one sentence for people. */
final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(message);
    }
}
