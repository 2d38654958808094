package io.keyval.cli;

/** Whoever read the output has gone. */
final class OutputClosedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    OutputClosedException() {
        super("the output is closed");
    }
}
