package io.keyval.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the commands that a person typed are kept: {@code .keyval_history} in the home directory,
 * which nobody else may read.
 *
 * @param file null where none can be kept
 */
record History(@Nullable Path file) {

    private static final Set<PosixFilePermission> MINE =
            PosixFilePermissions.fromString("rw-------");

    static History of(Terminal terminal) {
        String home = terminal.environment("HOME");
        Path file =
                Path.of(home == null || home.isEmpty() ? System.getProperty("user.home") : home)
                        .resolve(".keyval_history");
        try {
            try {
                Files.createFile(file, PosixFilePermissions.asFileAttribute(MINE));
            } catch (FileAlreadyExistsException e) {
                Files.setPosixFilePermissions(file, MINE);
            }
            return new History(file);
        } catch (UnsupportedOperationException e) {
            // A file system without modes: the directory protects it.
            return new History(file);
        } catch (IOException e) {
            return new History(null);
        }
    }
}
