package io.keyval.cluster;

import io.keyval.command.Command;
import io.keyval.wal.Records;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;

/**
 * The bytes of a Raft entry: the writes of a batch, and nothing of its reads.
 *
 * <pre>
 *  offset  bytes  what
 *       0      1  version, 1
 *       1      4  number of records
 *       5         the records, as they stand in the body of a log frame
 * </pre>
 *
 * <p>Numbers are big-endian. Raft's log has a checksum over each entry.
 */
final class EntryCodec {

    /** Bytes in front of the records. */
    static final int HEADER = 5;

    private static final byte VERSION = 1;

    private EntryCodec() {}

    /** Bytes of an entry with this command alone. */
    static int size(Command.Put put) {
        return HEADER + Records.putSize(put.key(), put.value());
    }

    /**
     * The entry of the writes among these commands.
     *
     * @param refused the indexes of commands to leave out
     */
    static byte[] encode(List<Command> commands, BitSet refused) {
        int count = 0;
        int size = HEADER;
        for (int i = 0; i < commands.size(); i++) {
            if (!refused.get(i)) {
                switch (commands.get(i)) {
                    case Command.Put put -> {
                        count++;
                        size += Records.putSize(put.key(), put.value());
                    }
                    case Command.Delete delete -> {
                        count++;
                        size += Records.deleteSize(delete.key());
                    }
                    case Command.Get _, Command.Ping _, Command.Close _, Command.Invalid _ -> {}
                }
            }
        }
        ByteBuffer target = ByteBuffer.allocate(size).put(VERSION).putInt(count);
        for (int i = 0; i < commands.size(); i++) {
            if (!refused.get(i)) {
                switch (commands.get(i)) {
                    case Command.Put put -> Records.put(target, put.key(), put.value());
                    case Command.Delete delete -> Records.delete(target, delete.key());
                    case Command.Get _, Command.Ping _, Command.Close _, Command.Invalid _ -> {}
                }
            }
        }
        return target.array();
    }

    /**
     * Reads the header and answers the number of records; {@code entry} is then at the first one.
     *
     * @throws ClusterException if the entry is of another version of keyval
     */
    static int count(ByteBuffer entry) {
        if (entry.remaining() < HEADER) {
            throw new ClusterException(
                    "A Raft entry of %d bytes is too short.".formatted(entry.remaining()));
        }
        byte version = entry.get();
        if (version != VERSION) {
            throw new ClusterException(
                    "A Raft entry is of format %d, and this node knows only format %d; start a newer version of keyval."
                            .formatted(version, VERSION));
        }
        return entry.getInt();
    }
}
