package io.keyval.replication;

import io.keyval.wal.LogId;
import io.keyval.wal.Wal;
import java.nio.ByteBuffer;

/**
 * What leader and follower say to each other once the follower was admitted. The bytes are drawn at
 * {@link WireCodec}.
 */
sealed interface WireMessage {

    /**
     * The follower's first word: what it has. Said once more, as its last word, when it has been
     * made a leader.
     *
     * @param version of the replication protocol
     * @param port where it takes clients, for people to read
     * @param position of its last record
     */
    record Status(int version, int port, LogId log, long epoch, long position)
            implements WireMessage {

        static Status of(Wal wal, int port) {
            return new Status(WireCodec.VERSION, port, wal.id(), wal.epoch(), wal.position());
        }
    }

    /** The leader's answer: what you have is a beginning of mine, the rest follows. */
    record Continue(LogId log, long epoch, long position) implements WireMessage {}

    /**
     * The leader's answer: the whole log follows, until {@link SyncDone}.
     *
     * @param bytes about how many come before that
     */
    record Full(LogId log, long epoch, long position, long bytes, Resync.Reason reason)
            implements WireMessage {}

    /** Bytes of the leader's log: its file header, or whole frames. */
    record Data(ByteBuffer bytes) implements WireMessage {}

    /** The log is whole; what follows continues it. */
    record SyncDone() implements WireMessage {}

    /** The follower has all records up to this position on disk. Said at least every heartbeat. */
    record Ack(long position) implements WireMessage {}

    /**
     * The leader is there. Said at least every heartbeat.
     *
     * @param position of its last durable record
     * @param bytes of its log that were not yet acknowledged by this follower
     */
    record Heartbeat(long position, long bytes) implements WireMessage {}

    /** The other side is about to close, and why. */
    record Goodbye(String reason) implements WireMessage {}
}
