package io.keyval.replication;

import java.time.Duration;

/**
 * A follower as its leader sees it.
 *
 * @param id the follower's
 * @param address where it came from, and the port where it takes clients
 * @param state what it is doing
 * @param acknowledgedPosition it has all records up to here on disk
 * @param lagRecords records that it has not acknowledged
 * @param lagBytes bytes of the log that it has not acknowledged
 * @param lag how long ago the first of those records was durable on the leader
 * @param syncedBytes sent of a full sync; 0 when none runs
 * @param syncBytes to send in a full sync; 0 when none runs
 */
public record FollowerStatus(
        int id,
        String address,
        State state,
        long acknowledgedPosition,
        long lagRecords,
        long lagBytes,
        Duration lag,
        long syncedBytes,
        long syncBytes) {

    /** What a follower is doing. */
    public enum State {
        /** It was admitted and has not said what it has. */
        JOINING,
        /** It is sent the whole log. */
        SYNCING,
        /** It is sent what becomes durable. */
        STREAMING
    }
}
