package io.keyval.replication;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's log on its way in during a full sync, beside the log that is still served. One
 * thread writes; any thread may ask how far it is.
 */
final class SyncFile {

    private static final Logger log = LoggerFactory.getLogger(Replication.class);

    /** A shorter sync is over before anybody asks for its progress. */
    private static final long TOLD_ABOVE = 64 << 20;

    private final Path path;
    private final long total;
    private final FileChannel channel;
    private volatile long written;

    /**
     * Creates the file, or empties one that was left behind.
     *
     * @param total bytes to come
     * @throws IOException when it cannot be created, or there is no room for it
     */
    SyncFile(Path path, long total) throws IOException {
        this.path = path;
        this.total = total;
        Files.deleteIfExists(path);
        long room = Files.getFileStore(path.toAbsolutePath().getParent()).getUsableSpace();
        if (room < total) {
            throw new IOException("it needs %d bytes and %d are free".formatted(total, room));
        }
        this.channel =
                FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    long written() {
        return written;
    }

    long total() {
        return total;
    }

    void write(ByteBuffer bytes) throws IOException {
        long before = written;
        long after = before + bytes.remaining();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        written = after;
        if (total > TOLD_ABOVE && before * 10 / total != after * 10 / total) {
            log.info(
                    "Full sync: {} of {} bytes, {} %.",
                    after, total, Math.min(100, after * 100 / total));
        }
    }

    /** Everything has come: when this returns, it is on disk. */
    Path finish() throws IOException {
        channel.force(true);
        channel.close();
        return path;
    }

    /** Removes the file. Never throws. */
    void discard() {
        try {
            channel.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            log.warn("The sync file {} could not be removed: {}.", path, e.getMessage());
        }
    }
}
