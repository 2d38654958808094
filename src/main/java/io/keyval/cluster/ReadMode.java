package io.keyval.cluster;

/** How GET is answered. */
public enum ReadMode {
    /** At its place in the log: never stale. */
    LOG,
    /** By the node that leads, from memory: it may have lost that a moment ago. */
    LEASE,
    /** By any node, from memory: it may be behind. */
    LOCAL
}
