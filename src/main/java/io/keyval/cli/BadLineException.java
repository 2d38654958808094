package io.keyval.cli;

/** A line of the input is not what it should be. */
final class BadLineException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final long line;

    /**
     * @param line its number, from 1
     * @param reason what is wrong with it
     */
    BadLineException(long line, String reason) {
        super(reason);
        this.line = line;
    }

    long line() {
        return line;
    }
}
