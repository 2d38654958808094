package io.keyval.cli;

/** The file that a command was to use is damaged. */
final class CorruptFileException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    CorruptFileException(String message) {
        super(message);
    }
}
