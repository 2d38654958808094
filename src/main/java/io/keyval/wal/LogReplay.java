package io.keyval.wal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A log that has been read and not yet opened for writing: nothing in its file has changed. Not
 * thread-safe.
 */
public final class LogReplay implements AutoCloseable {

    private final Path file;
    private final FileChannel channel;
    private final ScanResult scan;
    private final boolean torn;

    /**
     * @param torn whether a torn header has been cut off before
     */
    LogReplay(Path file, FileChannel channel, ScanResult scan, boolean torn) {
        this.file = file;
        this.channel = channel;
        this.scan = scan;
        this.torn = torn;
    }

    /**
     * Reads a log into {@code sink} on the calling thread; {@link Wal#open(LogReplay, WalOptions)}
     * goes on from there, in the same process, whose {@link DataDirectory} holds the file
     * meanwhile.
     *
     * @return null where there is no log with a whole header
     * @throws CorruptLogException when the file is no log, or its header is damaged
     * @throws DataDirectoryException when the file cannot be read or written
     */
    public static @Nullable LogReplay of(Path file, WalOptions options, RecordSink sink) {
        return new LogOpener(file, options).read(sink);
    }

    Path file() {
        return file;
    }

    FileChannel channel() {
        return channel;
    }

    ScanResult scan() {
        return scan;
    }

    boolean torn() {
        return torn;
    }

    /** Closes the file, where the log is not to be opened. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
