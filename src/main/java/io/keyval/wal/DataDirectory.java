package io.keyval.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The directory of a node's log, held by one process at a time while this is open. */
public final class DataDirectory implements AutoCloseable {

    /** The file that a process locks to hold a directory. */
    public static final String LOCK = "keyval.lock";

    private final Path path;
    private final FileChannel lock;

    private DataDirectory(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * Creates the directory if it is not there, takes it for this process, and removes what an
     * interrupted compaction or sync left behind.
     *
     * @throws DataDirectoryException when it cannot be created or written, or another process holds
     *     it
     */
    public static DataDirectory open(Path path) {
        DataDirectory directory = hold(path);
        try {
            removeTemporaries(path);
            return directory;
        } catch (IOException e) {
            directory.close();
            throw unwritable(path, e);
        }
    }

    /**
     * Takes the directory like {@link #open}, and changes nothing in it.
     *
     * @throws DataDirectoryException when it cannot be created or written, or another process holds
     *     it
     */
    public static DataDirectory hold(Path path) {
        FileChannel channel = null;
        try {
            Files.createDirectories(path);
            channel =
                    FileChannel.open(
                            path.resolve(LOCK),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
            if (!lock(channel)) {
                channel.close();
                throw new DataDirectoryException(
                        "The data directory %s is in use by another keyval process; stop that one, or set keyval.data-dir to another directory."
                                .formatted(path.toAbsolutePath()),
                        null);
            }
            return new DataDirectory(path, channel);
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }

    private static DataDirectoryException unwritable(Path path, IOException cause) {
        return new DataDirectoryException(
                "The data directory %s cannot be written (%s); give this user the rights to it, or set keyval.data-dir to another directory."
                        .formatted(path.toAbsolutePath(), reason(cause)),
                cause);
    }

    /** Java names the file and leaves what is wrong with it to the class. */
    private static String reason(IOException cause) {
        return switch (cause) {
            case FileAlreadyExistsException e -> e.getFile() + " is no directory";
            case NoSuchFileException e -> e.getFile() + " is not there";
            case AccessDeniedException e -> "no right to " + e.getFile();
            default -> String.valueOf(cause.getMessage());
        };
    }

    private static boolean lock(FileChannel channel) throws IOException {
        try {
            @Nullable FileLock taken = channel.tryLock();
            return taken != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private static void removeTemporaries(Path path) throws IOException {
        for (String suffix : Wal.temporarySuffixes()) {
            try (DirectoryStream<Path> leftovers =
                    Files.newDirectoryStream(path, "*.log" + suffix)) {
                for (Path leftover : leftovers) {
                    Files.delete(leftover);
                }
            }
        }
    }

    /**
     * Refuses to begin an empty log beside another one, which is most likely the one that is meant.
     *
     * @throws DataDirectoryException when the log of this name is not here and another one is
     */
    public void refuseToBeginBesideAnother(String name) {
        if (Files.exists(path.resolve(name))) {
            return;
        }
        try (DirectoryStream<Path> logs = Files.newDirectoryStream(path, "*.log")) {
            for (Path other : logs) {
                throw new DataDirectoryException(
                        "The data directory %s holds %s and no %s; rename it to %s to go on with its data, or set keyval.data-dir to another directory to begin empty."
                                .formatted(path.toAbsolutePath(), other.getFileName(), name, name),
                        null);
            }
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }

    /** The file of a log in this directory. */
    public Path log(String name) {
        return path.resolve(name);
    }

    /** The directory. */
    public Path path() {
        return path;
    }

    /** Bytes that can still be written here. */
    public long usableSpace() throws IOException {
        return Files.getFileStore(path).getUsableSpace();
    }

    /** Lets go of the directory. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new DataDirectoryException(
                    "The lock of %s could not be released: %s.".formatted(path, e.getMessage()), e);
        }
    }
}
