package io.keyval.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** Who a command talks to. */
interface Terminal {

    /** What a caller may have put in front of or behind a command. */
    enum Stream {
        IN,
        OUT,
        ERR
    }

    /** What is given to the command. */
    InputStream in();

    /** What was asked for. */
    PrintStream out();

    /** All that is said besides. */
    PrintStream err();

    /** Whether a stream is a terminal, with a person at it. */
    boolean isTerminal(Stream stream);

    /** Whether a person reads what is said and can answer. */
    boolean isInteractive();

    /** A line that a person typed; null at the end of input. */
    @Nullable String ask(String question) throws IOException;

    /** A line that a person typed unseen; null where nobody can. */
    char @Nullable [] askSecret(String question);

    /** A variable of the environment. */
    @Nullable String environment(String name);

    /** Whether what goes to a stream may be coloured. */
    default boolean hasColours(Stream stream) {
        String refused = environment("NO_COLOR");
        return isTerminal(stream)
                && (refused == null || refused.isEmpty())
                && !"dumb".equals(environment("TERM"));
    }
}
