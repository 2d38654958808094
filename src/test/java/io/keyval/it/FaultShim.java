package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A library that makes file calls of a node fail, and its clock jump, on demand; see {@code
 * src/test/c/faultshim.c}.
 */
final class FaultShim {

    private final Path library;
    private final Path control;
    private final Path clock;

    /** Compiles the library into {@code directory}. */
    FaultShim(Path directory) throws IOException, InterruptedException {
        this.library = directory.resolve("faultshim.so");
        this.control = directory.resolve("fault");
        this.clock = directory.resolve("clock");
        Process gcc =
                new ProcessBuilder(
                                "gcc",
                                "-shared",
                                "-fPIC",
                                "-O1",
                                "-o",
                                library.toString(),
                                "src/test/c/faultshim.c",
                                "-ldl")
                        .inheritIO()
                        .start();
        assertThat(gcc.waitFor()).as("exit code of gcc").isZero();
    }

    /** Loads the library into a node; faults concern its log. */
    NodeProcess.Builder into(NodeProcess.Builder node) {
        return into(node, ".log");
    }

    /** Loads the library into a node; faults concern files with this in their path. */
    NodeProcess.Builder into(NodeProcess.Builder node, String path) {
        return node.environment("LD_PRELOAD", library.toString())
                .environment("KV_FAULT", control.toString())
                .environment("KV_FAULT_PATH", path)
                .environment("KV_CLOCK", clock.toString());
    }

    /** From now on calls fail as said. */
    void begin(String fault) {
        write(control, fault);
    }

    /** From now on the node's clock tells the time that it really is and this; null ends that. */
    void shiftClock(@Nullable Duration by) {
        try {
            if (by == null) {
                Files.deleteIfExists(clock);
            } else {
                write(clock, Long.toString(by.toMillis()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Path next = file.resolveSibling(file.getFileName() + ".next");
            Files.writeString(next, text);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on calls work again. */
    void end() {
        try {
            Files.deleteIfExists(control);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
