package io.keyval.config;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the node.
 *
 * @param address the address to listen on and to reach the leader from; all addresses when not set
 * @param port the TCP port for clients and followers
 * @param id this node's id; 1 is the leader's, a follower has to set another
 * @param leaderHost where a follower finds its leader
 * @param leaderPort the port of the follower's leader
 * @param dataDir the directory of the log
 * @param secret the secret that leader and followers share
 * @param protocol how replies read
 * @param limits bounds on what clients may use
 * @param replication how the log reaches followers
 */
@ConfigurationProperties("keyval")
public record KeyvalProperties(
        @Nullable String address,
        @DefaultValue("5000") int port,
        @Nullable Integer id,
        @DefaultValue("127.0.0.1") String leaderHost,
        @DefaultValue("5000") int leaderPort,
        @DefaultValue("data") Path dataDir,
        @Nullable String secret,
        @DefaultValue Protocol protocol,
        @DefaultValue Limits limits,
        @DefaultValue Replication replication) {

    /**
     * How replies read.
     *
     * @param getMiss the reply to GET of an absent key
     */
    public record Protocol(@DefaultValue("empty-line") GetMiss getMiss) {}

    /** The reply to GET of an absent key. */
    public enum GetMiss {
        /** An empty line, as the seed has it. */
        EMPTY_LINE,
        /** The word NOT_FOUND. */
        NOT_FOUND
    }

    /**
     * Bounds on what clients may use.
     *
     * @param maxKeySize the longest key
     * @param maxValueSize the longest value
     * @param maxConnections connections open at once, clients and followers together
     * @param handshakeTimeout time for a connection to send its whole HELLO line
     * @param idleTimeout time without a byte after which a client is closed; 0 is never
     */
    public record Limits(
            @DefaultValue("64KB") DataSize maxKeySize,
            @DefaultValue("1MB") DataSize maxValueSize,
            @DefaultValue("10000") int maxConnections,
            @DefaultValue("10s") Duration handshakeTimeout,
            @DefaultValue("0s") Duration idleTimeout) {}

    /**
     * How the log reaches followers.
     *
     * @param maxFollowers followers a leader admits
     * @param minAcks followers that must hold a write on disk before the client sees OK
     * @param ackTimeout how long a write waits for those followers
     * @param heartbeat time without traffic after which each side of a replication link says that
     *     it is there
     * @param timeout time without a byte after which a replication link counts as broken
     */
    public record Replication(
            @DefaultValue("10") int maxFollowers,
            @DefaultValue("0") int minAcks,
            @DefaultValue("1s") Duration ackTimeout,
            @DefaultValue("1s") Duration heartbeat,
            @DefaultValue("5s") Duration timeout) {}
}
