package io.keyval.cli;

import java.io.IOException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** Who a command talks to. */
interface Terminal {

    /** What was asked for. */
    PrintStream out();

    /** All that is said besides. */
    PrintStream err();

    /** Whether a person reads and can answer. */
    boolean isInteractive();

    /** A line that a person typed; null at the end of input. */
    @Nullable String ask(String question) throws IOException;

    /** A line that a person typed unseen; null at the end of input. */
    char @Nullable [] askSecret(String question);

    /** A variable of the environment. */
    @Nullable String environment(String name);
}
