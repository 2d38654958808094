package io.keyval.cli;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The terminal, or the pipes, that the process was started with. */
final class SystemTerminal implements Terminal {

    private final InputStream in = new FileInputStream(FileDescriptor.in);
    private final PrintStream out = stream(FileDescriptor.out);
    private final PrintStream err = stream(FileDescriptor.err);

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }

    @Override
    public InputStream in() {
        return in;
    }

    @Override
    public PrintStream out() {
        return out;
    }

    @Override
    public PrintStream err() {
        return err;
    }

    @Override
    public boolean isTerminal(Stream stream) {
        return isTerminal(Path.of("/proc/self/fd/" + stream.ordinal()));
    }

    @Override
    public boolean isInteractive() {
        return isTerminal(Stream.IN) && isTerminal(Stream.ERR);
    }

    private static boolean isTerminal(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith("/dev/pts/")
                    || target.startsWith("/dev/tty")
                    || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            Console console = System.console();
            return console != null && console.isTerminal();
        }
    }

    @Override
    public @Nullable String ask(String question) {
        Console console = System.console();
        return console == null ? null : console.readLine("%s", question);
    }

    @Override
    public char @Nullable [] askSecret(String question) {
        Console console = System.console();
        return console == null ? null : console.readPassword("%s", question);
    }

    @Override
    public @Nullable String environment(String name) {
        return System.getenv(name);
    }
}
