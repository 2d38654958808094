package io.keyval.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** Which shard a key belongs to, and which nodes hold a shard when a cluster is formed. */
final class Slots {

    /** Slots that the keys are spread over. */
    static final int COUNT = 16384;

    private Slots() {}

    /** The slot of a key: the low 14 bits of its CRC32C. */
    static int of(byte[] key) {
        CRC32C crc = new CRC32C();
        crc.update(key, 0, key.length);
        return (int) (crc.getValue() & (COUNT - 1));
    }

    /** The shard of a key among so many; each has slots that lie side by side. */
    static int shard(byte[] key, int shards) {
        return shards == 1 ? 0 : of(key) * shards / COUNT;
    }

    /**
     * The nodes that hold a shard, the one that had best lead first.
     *
     * @param sorted the ids of all nodes, in order
     */
    static List<Integer> nodes(int shard, List<Integer> sorted, int replicationFactor) {
        int n = sorted.size();
        List<Integer> nodes = new ArrayList<>();
        for (int i = 0; i < Math.min(replicationFactor, n); i++) {
            nodes.add(sorted.get((shard + i) % n));
        }
        return nodes;
    }
}
