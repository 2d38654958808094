package io.keyval.cli;

/** There is no node where one should be, or the connection to it broke. */
final class UnreachableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnreachableException(String message) {
        super(message);
    }
}
