package io.keyval.replication;

/** The other side sent what no message can begin with; the connection is of no use any more. */
final class WireException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    WireException(String message) {
        super(message);
    }
}
