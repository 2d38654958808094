package io.keyval.cli;

/** There is no node, or the connection to it broke; the message is one sentence for people. */
final class BenchLostException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    BenchLostException(String message) {
        super(message);
    }
}
