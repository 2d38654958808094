package io.keyval.replication;

import io.keyval.wal.Epoch;
import io.keyval.wal.LogId;
import io.keyval.wal.Wal;
import java.util.List;
import java.util.Locale;

/**
 * How a follower comes to the leader's history: with what it misses, or with everything.
 *
 * <p>An epoch is begun by one leader only and its value is never drawn twice, so two logs with the
 * same id that both know an epoch hold the same records in it, as far as both have it. A follower's
 * log is a beginning of the leader's exactly when the leader knows the follower's newest epoch and
 * has not ended it before the follower's position (compare Kafka's leader epochs, KIP-101).
 */
sealed interface Resync {

    /** Everything behind {@code position} is enough. */
    record Continue(long position) implements Resync {}

    /** The whole log is needed. */
    record Full(Reason reason) implements Resync {}

    /** Why a full sync is needed; the order is that of the wire, new ones go to the end. */
    enum Reason {
        /** The follower has nothing yet. */
        NEW_FOLLOWER,
        /** The follower copied another log. */
        OTHER_LOG,
        /** The follower has records that are not part of the leader's history. */
        DIVERGED,
        /** The leader compacted what the follower misses. */
        COMPACTED,
        /** A reason that this version does not know. */
        UNKNOWN;

        static Reason of(byte code) {
            return code >= 0 && code < values().length ? values()[code] : UNKNOWN;
        }

        /** As it stands in logs and meters. */
        String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** What a follower says it has. */
    record Follower(LogId log, long epoch, long position) {

        static Follower of(WireMessage.Status status) {
            return new Follower(status.log(), status.epoch(), status.position());
        }
    }

    /**
     * What a leader has.
     *
     * @param history its epochs, oldest first
     * @param position of its last durable record
     * @param base records up to here it does not hold one by one
     */
    record Leader(LogId log, List<Epoch> history, long position, long base) {

        static Leader of(Wal wal) {
            return new Leader(wal.id(), wal.history(), wal.position(), wal.basePosition());
        }
    }

    /** Decides; nothing but its arguments counts. */
    static Resync decide(Follower follower, Leader leader) {
        if (!follower.log().equals(leader.log())) {
            return new Full(follower.position() == 0 ? Reason.NEW_FOLLOWER : Reason.OTHER_LOG);
        }
        if (follower.position() > endOf(follower.epoch(), leader)) {
            return new Full(Reason.DIVERGED);
        }
        if (follower.position() < leader.base()) {
            return new Full(Reason.COMPACTED);
        }
        return new Continue(follower.position());
    }

    /**
     * Whether the follower has been led, in this history, by somebody who came after the leader:
     * who then must not take writes any more.
     */
    static boolean isSuperseded(Follower follower, Leader leader) {
        long newest = leader.history().isEmpty() ? 0 : leader.history().getLast().value();
        return follower.log().equals(leader.log())
                && number(follower.epoch()) > number(newest)
                && endOf(follower.epoch(), leader) < 0;
    }

    private static long number(long epoch) {
        return new Epoch(epoch, 0).number();
    }

    /** The last position that the leader has of an epoch, or -1 when it does not know it. */
    private static long endOf(long epoch, Leader leader) {
        if (epoch == 0) {
            return 0;
        }
        List<Epoch> history = leader.history();
        for (int i = 0; i < history.size(); i++) {
            if (history.get(i).value() == epoch) {
                return i + 1 < history.size() ? history.get(i + 1).start() - 1 : leader.position();
            }
        }
        return -1;
    }
}
