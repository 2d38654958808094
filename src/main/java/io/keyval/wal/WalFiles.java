package io.keyval.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * All that the log does to a file system; a seam for tests that lose what was not forced.
 *
 * <p>A rename or a new file is durable once {@link #syncDirectory} has returned.
 */
public interface WalFiles {

    /** Opens a file. */
    FileChannel open(Path file, OpenOption... options) throws IOException;

    /** Whether there is such a file. */
    boolean exists(Path file);

    /** Puts {@code from} in the place of {@code to} in one step. */
    void rename(Path from, Path to) throws IOException;

    /** Gives a file a second name. */
    void link(Path file, Path second) throws IOException;

    /** Removes a file if it is there. */
    void delete(Path file) throws IOException;

    /** Makes the entries of a directory durable. */
    void syncDirectory(Path directory) throws IOException;

    /** Bytes that can still be written beside {@code file}. */
    long usableSpace(Path file) throws IOException;

    /** The file system of this machine. */
    WalFiles DISK =
            new WalFiles() {
                @Override
                public FileChannel open(Path file, OpenOption... options) throws IOException {
                    return FileChannel.open(file, options);
                }

                @Override
                public boolean exists(Path file) {
                    return Files.exists(file);
                }

                @Override
                public void rename(Path from, Path to) throws IOException {
                    Files.move(
                            from,
                            to,
                            StandardCopyOption.ATOMIC_MOVE,
                            StandardCopyOption.REPLACE_EXISTING);
                }

                @Override
                public void link(Path file, Path second) throws IOException {
                    Files.createLink(second, file);
                }

                @Override
                public void delete(Path file) throws IOException {
                    Files.deleteIfExists(file);
                }

                @Override
                public void syncDirectory(Path directory) throws IOException {
                    try (FileChannel channel =
                            FileChannel.open(directory, StandardOpenOption.READ)) {
                        channel.force(true);
                    }
                }

                @Override
                public long usableSpace(Path file) throws IOException {
                    return Files.getFileStore(file).getUsableSpace();
                }
            };
}
