package io.keyval.replication;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A follower's link to its leader, as the follower sees it.
 *
 * @param leader host and port
 * @param state what the link is doing
 * @param reason why it is not streaming, in words; null when there is nothing to say
 * @param leaderPosition of the leader's last durable record, as last heard
 * @param lagRecords records that the leader has and this node does not
 * @param lagBytes bytes of the log, as last heard
 * @param lag how long ago the first of those records was heard of
 * @param silence how long ago the leader was heard; null: never
 * @param syncedBytes received of a full sync; 0 when none runs
 * @param syncBytes to receive in a full sync; 0 when none runs
 */
public record LinkStatus(
        String leader,
        State state,
        @Nullable String reason,
        long leaderPosition,
        long lagRecords,
        long lagBytes,
        Duration lag,
        @Nullable Duration silence,
        long syncedBytes,
        long syncBytes) {

    /** What a link is doing. */
    public enum State {
        /** There is no link: this node leads. */
        NONE,
        /** It looks for the leader. */
        CONNECTING,
        /** It is connected and waits for the leader's word. */
        JOINING,
        /** It receives the whole log; what was there before is still served. */
        SYNCING,
        /** It receives what becomes durable on the leader. */
        STREAMING,
        /** The leader, or this node itself, refuses; it is tried again. */
        REFUSED
    }
}
