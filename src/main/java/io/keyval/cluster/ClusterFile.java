package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The file {@code cluster.json}: what was fixed when this node first started, and can not be
 * changed.
 *
 * @param name the cluster's
 * @param shards groups that the keys are spread over
 * @param replicationFactor nodes that hold a shard
 * @param node this node's id
 * @param storage tells this directory from every other one
 * @param founders the ids of {@code keyval.cluster.peers}, in order; none of a node that joined,
 *     and null in a file of an earlier version
 * @param known the storage of each other node that was ever heard of, by its id
 */
record ClusterFile(
        String name,
        int shards,
        int replicationFactor,
        int node,
        UUID storage,
        @Nullable List<Integer> founders,
        Map<Integer, UUID> known) {

    static final String FILE = "cluster.json";

    /** A file of an earlier start knows nobody. */
    ClusterFile {
        known = known == null ? Map.of() : known;
    }

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** The file of a node that starts for the first time. */
    static ClusterFile first(ClusterSettings settings) {
        return new ClusterFile(
                settings.name(),
                settings.shards(),
                settings.replicationFactor(),
                settings.id(),
                UUID.randomUUID(),
                settings.join() ? List.of() : ids(settings),
                Map.of());
    }

    private static List<Integer> ids(ClusterSettings settings) {
        return settings.peers().stream().map(ClusterPeer::id).sorted().toList();
    }

    /** The file that knows one more node. */
    ClusterFile with(int id, UUID other) {
        Map<Integer, UUID> more = new TreeMap<>(known);
        more.put(id, other);
        return new ClusterFile(name, shards, replicationFactor, node, storage, founders, more);
    }

    /** The file that knows one node less. */
    ClusterFile without(int id) {
        Map<Integer, UUID> fewer = new TreeMap<>(known);
        fewer.remove(id);
        return new ClusterFile(name, shards, replicationFactor, node, storage, founders, fewer);
    }

    /**
     * The file of a data directory, or null when there is none.
     *
     * @throws ClusterException when it cannot be read
     */
    static @Nullable ClusterFile read(Path dataDir) {
        Path file = dataDir.resolve(FILE);
        try {
            return Files.exists(file)
                    ? JSON.readValue(Files.readString(file), ClusterFile.class)
                    : null;
        } catch (IOException | JacksonException e) {
            throw new ClusterException(
                    "The file %s cannot be read: %s.".formatted(file, e.getMessage()), e);
        }
    }

    /** Writes the file; it is on disk when this returns. */
    void write(Path dataDir) {
        Path file = dataDir.resolve(FILE);
        Path aside = dataDir.resolve(FILE + ".writing");
        try {
            byte[] bytes =
                    (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n")
                            .getBytes(StandardCharsets.UTF_8);
            try (FileChannel channel =
                    FileChannel.open(
                            aside,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING)) {
                ByteBuffer source = ByteBuffer.wrap(bytes);
                while (source.hasRemaining()) {
                    channel.write(source);
                }
                channel.force(true);
            }
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel directory = FileChannel.open(dataDir, StandardOpenOption.READ)) {
                directory.force(true);
            }
        } catch (IOException e) {
            throw new ClusterException(
                    "The file %s cannot be written: %s.".formatted(file, e.getMessage()), e);
        }
    }

    /**
     * Finds out that the settings are as they were.
     *
     * @throws ClusterException with a sentence when one of them is not
     */
    void check(ClusterSettings settings, Path dataDir) {
        same("keyval.cluster.name", name, settings.name(), dataDir);
        same("keyval.cluster.shards", shards, settings.shards(), dataDir);
        same(
                "keyval.cluster.replication-factor",
                replicationFactor,
                settings.replicationFactor(),
                dataDir);
        same("keyval.id", node, settings.id(), dataDir);
        List<Integer> now = ids(settings);
        if (founders != null && !founders.isEmpty() && !settings.join() && !founders.equals(now)) {
            throw new ClusterException(
                    "keyval.cluster.peers has the nodes %s, but %s was formed with %s, which cannot be changed; set it back. Nodes that come later are started with keyval.cluster.join, and added."
                            .formatted(now, dataDir.toAbsolutePath(), founders));
        }
    }

    private static void same(String setting, Object before, Object now, Path dataDir) {
        if (!before.equals(now)) {
            throw new ClusterException(
                    "%s is %s, but %s was formed with %s, which cannot be changed; set it back, or set keyval.data-dir to an empty directory."
                            .formatted(setting, now, dataDir.toAbsolutePath(), before));
        }
    }
}
