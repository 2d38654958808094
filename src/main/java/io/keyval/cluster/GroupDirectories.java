package io.keyval.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftGroupId;

/**
 * Ratis's storage on disk: a directory for each group. Ratis opens what is in it without knowing
 * any members; where none were stored yet, the group is kept from it until it can be given them.
 */
final class GroupDirectories {

    /** The end of the name of a group's directory that is kept from Ratis for a moment. */
    private static final String UNFORMED = ".unformed";

    /** Written beside the storage, and removed, to see whether there is room. */
    private static final String PROBE = "room";

    /** What has to be free before a closed shard is opened again: segments, and what comes next. */
    private static final int ROOM_MB = 6;

    private final Path storage;

    /**
     * The storage.
     *
     * @param storage an absolute path, of a directory that is there
     */
    GroupDirectories(Path storage) {
        this.storage = storage;
    }

    /** Whether this node has never had a group. */
    boolean isEmpty() throws IOException {
        try (Stream<Path> entries = Files.list(storage)) {
            return entries.findAny().isEmpty();
        }
    }

    /** Keeps a group from Ratis, where no members of it were stored yet. */
    void hideUnformed(RaftGroupId id) throws IOException {
        Path group = of(id);
        if (Files.isDirectory(group)
                && !Files.exists(group.resolve("current").resolve("raft-meta.conf"))) {
            Files.move(group, hidden(group), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Gives a group back, where it was kept from Ratis. */
    void show(RaftGroupId id) throws IOException {
        Path group = of(id);
        Path hidden = hidden(group);
        if (Files.isDirectory(hidden)) {
            Files.move(hidden, group, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Whether as much as a log needs to begin can be written, and forced. */
    boolean hasRoom() throws IOException {
        Path probe = storage.resolveSibling(PROBE);
        try (FileChannel channel =
                FileChannel.open(
                        probe,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer block = ByteBuffer.allocate(1 << 20);
            for (int i = 0; i < ROOM_MB; i++) {
                block.clear();
                while (block.hasRemaining()) {
                    channel.write(block);
                }
            }
            channel.force(true);
            return true;
        } catch (IOException e) {
            return false;
        } finally {
            Files.deleteIfExists(probe);
        }
    }

    private Path of(RaftGroupId id) {
        return storage.resolve(id.getUuid().toString());
    }

    private static Path hidden(Path group) {
        return group.resolveSibling(group.getFileName() + UNFORMED);
    }
}
