package io.keyval.cluster;

/**
 * What the traffic of one shard may take of the heap, in bytes unless said otherwise.
 *
 * <p>All follow from the largest heap and the number of shards, and come to about a quarter of it,
 * where entries are small against it: {@link #buffer} and what rests on it never falls below the
 * largest entry, without which nothing could be written at all.
 *
 * @param pending commands under way from clients of this node, above which their connections are
 *     not read, and those of other nodes are sent back to them
 * @param replies values in the replies of one entry, above which it takes no further command
 * @param buffer entries in one message to another node
 * @param appends number of messages to one other node that it has not answered yet
 * @param queue entries that wait for the disk; as many again may wait for a majority
 * @param segment a file of the log, five of which are kept in memory
 * @param chunk a piece of a snapshot on its way to another node
 */
record Bounds(
        long pending,
        long replies,
        long buffer,
        int appends,
        long queue,
        long segment,
        long chunk) {

    /** Pieces of a snapshot on their way to one other node. */
    static final int CHUNKS = 2;

    /** Files of the log kept in memory, behind the one that is written. */
    static final int SEGMENTS = 4;

    private static final long KB = 1 << 10;
    private static final long MB = 1 << 20;
    private static final long SHARE = 32;

    /** The bounds of each shard in a heap of at most so many bytes. */
    static Bounds of(ClusterSettings settings, long heap) {
        long share = heap / SHARE / settings.shards();
        // A larger entry than the appender's buffer makes the leader step down.
        long buffer = Math.max(Math.clamp(share / 2, MB, 4 * MB), settings.maxEntry() + 64 * KB);
        int others = Math.max(1, settings.replicationFactor() - 1);
        return new Bounds(
                Math.clamp(share, settings.maxEntry(), 64 * MB),
                Math.clamp(share / 2, 64 * KB, 32 * MB),
                buffer,
                Math.clamp(2 * share / (others * buffer), 2, 8),
                Math.max(2 * buffer, Math.min(share, 64 * MB)),
                Math.clamp(Math.min(settings.snapshotThreshold() / 4, share / 2), 64 * KB, 32 * MB),
                Math.clamp(heap / 2048 / settings.shards(), 16 * KB, MB));
    }
}
