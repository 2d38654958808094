package io.keyval.replication;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Who a follower is, and how it deals with its leader.
 *
 * @param id under which it follows
 * @param port on which it serves clients
 * @param address to connect from; null for any
 * @param secret that it shares with the leader
 * @param heartbeat the longest time between two acknowledgements
 * @param timeout a leader that is silent for so long is taken for gone; also that of connecting
 * @param acceptEmptyLeader whether an empty leader with another log may replace what is here
 * @param tls TLS of the link; null for none
 */
record FollowerIdentity(
        int id,
        int port,
        @Nullable String address,
        String secret,
        Duration heartbeat,
        Duration timeout,
        boolean acceptEmptyLeader,
        @Nullable LinkTls tls) {}
