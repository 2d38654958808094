package io.keyval.cli;

/** Colours of a terminal, or none. */
final class Paint {

    private static final String END = "\033[0m";

    private final boolean coloured;

    Paint(boolean coloured) {
        this.coloured = coloured;
    }

    String good(String text) {
        return in("\033[32m", text);
    }

    String doubtful(String text) {
        return in("\033[33m", text);
    }

    String bad(String text) {
        return in("\033[31m", text);
    }

    String faint(String text) {
        return in("\033[2m", text);
    }

    String strong(String text) {
        return in("\033[1m", text);
    }

    String prompt(String text) {
        return in("\033[36m", text);
    }

    private String in(String colour, String text) {
        return coloured ? colour + text + END : text;
    }
}
