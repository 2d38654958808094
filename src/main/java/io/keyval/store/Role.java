package io.keyval.store;

/** What a node does for the others. */
public enum Role {
    /** Takes writes and sends its log to followers. */
    LEADER,
    /** Copies a leader's log and serves reads. */
    FOLLOWER
}
