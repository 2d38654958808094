package io.keyval.cli;

import io.keyval.wal.DataDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Fills an empty data directory. */
final class Restore {

    /** Makes a checked copy by way of a temporary file. */
    interface Copy {
        void run(Path file, Path target, Path temporary) throws IOException;
    }

    private final Copy copy;

    Restore(Copy copy) {
        this.copy = copy;
    }

    /** An interrupted restore leaves a file that the next start, or restore, removes. */
    void run(Path backup, Path directory, String name) throws IOException {
        if (Files.isDirectory(directory)) {
            refuseIfFull(directory, name);
        }
        try (DataDirectory held = DataDirectory.hold(directory)) {
            refuseIfFull(directory, name);
            Path target = held.log(name);
            Path temporary = temporary(target);
            Files.deleteIfExists(temporary);
            copy.run(backup, target, temporary);
        }
    }

    private static Path temporary(Path target) {
        return target.resolveSibling(target.getFileName() + ".new");
    }

    private static void refuseIfFull(Path directory, String name) throws IOException {
        List<String> harmless = List.of(DataDirectory.LOCK, name + ".new");
        try (Stream<Path> entries = Files.list(directory)) {
            entries.filter(entry -> !harmless.contains(entry.getFileName().toString()))
                    .findFirst()
                    .ifPresent(
                            entry -> {
                                throw new RefusedException(
                                        "The data directory %s is not empty, it holds %s. Nothing was changed."
                                                .formatted(directory, entry.getFileName()));
                            });
        }
    }
}
