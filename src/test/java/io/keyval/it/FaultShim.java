package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A library that makes file calls of a node fail on demand; see {@code src/test/c/faultshim.c}. */
final class FaultShim {

    private final Path library;
    private final Path control;

    /** Compiles the library into {@code directory}. */
    FaultShim(Path directory) throws IOException, InterruptedException {
        this.library = directory.resolve("faultshim.so");
        this.control = directory.resolve("fault");
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
        return node.environment("LD_PRELOAD", library.toString())
                .environment("KV_FAULT", control.toString())
                .environment("KV_FAULT_PATH", ".log");
    }

    /** From now on calls fail as said. */
    void begin(String fault) {
        try {
            Path next = control.resolveSibling("fault.next");
            Files.writeString(next, fault);
            Files.move(next, control, StandardCopyOption.ATOMIC_MOVE);
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
