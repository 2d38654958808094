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
 * @param clientSecret the secret that clients have to say in their HELLO; none when not set
 * @param tls TLS on the port for clients and followers
 * @param management who may see what over HTTP
 * @param protocol how replies read
 * @param limits bounds on what clients may use
 * @param replication how the log reaches followers
 * @param follower how a follower serves
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
        @Nullable String clientSecret,
        @DefaultValue Tls tls,
        @DefaultValue Management management,
        @DefaultValue Protocol protocol,
        @DefaultValue Limits limits,
        @DefaultValue Replication replication,
        @DefaultValue Follower follower) {

    /** Refuses what no node can work with; an empty address or secret counts as not set. */
    public KeyvalProperties {
        address = address == null || address.isBlank() ? null : address.trim();
        secret = secret == null || secret.isEmpty() ? null : secret;
        Check.range("keyval.port", port, 0, 65535);
        Check.notBlank("keyval.data-dir", dataDir.toString());
        if (id != null) {
            Check.atLeast("keyval.id", id, 1);
        }
        Check.notBlank("keyval.leader-host", leaderHost);
        Check.range("keyval.leader-port", leaderPort, 1, 65535);
        if (secret != null) {
            Check.secret("keyval.secret", secret);
        }
        if (clientSecret != null) {
            // Taken for none, a variable that is empty by mistake would open the port to all.
            if (clientSecret.isBlank()) {
                throw new InvalidSettingException(
                        "keyval.client-secret is empty: set it, or leave it out to admit every client.");
            }
            Check.secret("keyval.client-secret", clientSecret);
        }
    }

    /** This node's id, where none was set the leader's, 1. */
    public int nodeId() {
        return id == null ? 1 : id;
    }

    /** All settings but the secrets, of which only is told whether there are any. */
    @Override
    public String toString() {
        return "KeyvalProperties[address=%s, port=%d, id=%s, leaderHost=%s, leaderPort=%d, dataDir=%s, secret=%s, clientSecret=%s, tls=%s, management=%s, protocol=%s, limits=%s, replication=%s, follower=%s]"
                .formatted(
                        address,
                        port,
                        id,
                        leaderHost,
                        leaderPort,
                        dataDir,
                        secret == null ? "none" : "set",
                        clientSecret == null ? "none" : "set",
                        tls,
                        management,
                        protocol,
                        limits,
                        replication,
                        follower);
    }

    /**
     * TLS on the port for clients and followers.
     *
     * @param bundle the name of the SSL bundle with this node's certificate; no TLS when not set
     * @param clientAuth whether those who connect have to show a certificate
     */
    public record Tls(@Nullable String bundle, @DefaultValue("none") ClientAuth clientAuth) {

        /** Refuses to ask for certificates where there is no TLS; an empty name is none. */
        public Tls {
            bundle = bundle == null || bundle.isBlank() ? null : bundle.strip();
            if (bundle == null && clientAuth != ClientAuth.NONE) {
                throw new InvalidSettingException(
                        "keyval.tls.client-auth needs TLS: set keyval.tls.bundle to the name of an SSL bundle.");
            }
        }
    }

    /** Whether those who connect have to show a certificate. */
    public enum ClientAuth {
        /** They are not asked for one. */
        NONE,
        /** One that is shown has to be good; none may be shown. */
        WANT,
        /** Nobody gets in without a good one. */
        NEED
    }

    /**
     * Who may see what over HTTP.
     *
     * @param replicationView who may see the state of replication without credentials
     */
    public record Management(@DefaultValue("open") View replicationView) {}

    /** Who may see something. */
    public enum View {
        /** Anybody. */
        OPEN,
        /** Those who know the secret. */
        CLOSED
    }

    /**
     * How replies read.
     *
     * @param getMiss the reply to GET of an absent key
     */
    public record Protocol(@DefaultValue("empty-line") GetMiss getMiss) {}

    /** The reply to GET of an absent key. */
    public enum GetMiss {
        /** An empty line. */
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
     * @param maxOutput the memory that one connection may hold for output
     * @param maxMemory memory that the data may take before writes that need more are refused; 0 is
     *     no bound; when not set, 70 % of the machine's memory less the largest heap
     */
    public record Limits(
            @DefaultValue("64KB") DataSize maxKeySize,
            @DefaultValue("1MB") DataSize maxValueSize,
            @DefaultValue("10000") int maxConnections,
            @DefaultValue("10s") Duration handshakeTimeout,
            @DefaultValue("0s") Duration idleTimeout,
            @DefaultValue("4MB") DataSize maxOutput,
            @Nullable DataSize maxMemory) {

        private static final DataSize LEAST_SIZE = DataSize.ofBytes(1);
        private static final DataSize LEAST_OUTPUT = DataSize.ofKilobytes(64);
        private static final DataSize MOST_OUTPUT = DataSize.ofMegabytes(1024);
        private static final DataSize MOST_SIZE = DataSize.ofMegabytes(512);
        private static final DataSize LEAST_MEMORY = DataSize.ofMegabytes(8);
        private static final DataSize MOST_MEMORY = DataSize.ofTerabytes(1024);

        /** Refuses limits that nobody could keep. */
        public Limits {
            Check.size("keyval.limits.max-key-size", maxKeySize, LEAST_SIZE, MOST_SIZE);
            Check.size("keyval.limits.max-value-size", maxValueSize, LEAST_SIZE, MOST_SIZE);
            Check.atLeast("keyval.limits.max-connections", maxConnections, 1);
            Check.positive("keyval.limits.handshake-timeout", handshakeTimeout);
            Check.notNegative("keyval.limits.idle-timeout", idleTimeout);
            Check.size("keyval.limits.max-output", maxOutput, LEAST_OUTPUT, MOST_OUTPUT);
            if (maxMemory != null && maxMemory.toBytes() != 0) {
                Check.size(
                        "keyval.limits.max-memory, where it is not 0,",
                        maxMemory,
                        LEAST_MEMORY,
                        MOST_MEMORY);
            }
        }
    }

    /**
     * How the log reaches followers.
     *
     * @param maxFollowers followers a leader admits
     * @param minAcks followers that must hold a write on disk before the client sees OK
     * @param ackTimeout how long a write waits for those followers
     * @param heartbeat time without traffic after which each side of a replication link says that
     *     it is there
     * @param timeout time without a byte after which a replication link counts as broken
     * @param acceptEmptyLeader whether a follower that holds data lets a leader with another log
     *     and nothing in it replace that data
     * @param tls TLS on the link to the leader
     */
    public record Replication(
            @DefaultValue("10") int maxFollowers,
            @DefaultValue("0") int minAcks,
            @DefaultValue("1s") Duration ackTimeout,
            @DefaultValue("1s") Duration heartbeat,
            @DefaultValue("5s") Duration timeout,
            @DefaultValue("false") boolean acceptEmptyLeader,
            @DefaultValue LinkTls tls) {

        /** Refuses acks that cannot come and links that would break while they are idle. */
        public Replication {
            Check.atLeast("keyval.replication.max-followers", maxFollowers, 0);
            Check.atLeast("keyval.replication.min-acks", minAcks, 0);
            if (minAcks > maxFollowers) {
                throw new InvalidSettingException(
                        "keyval.replication.min-acks must not be more than keyval.replication.max-followers, but %d is more than %d."
                                .formatted(minAcks, maxFollowers));
            }
            Check.positive("keyval.replication.ack-timeout", ackTimeout);
            Check.positive("keyval.replication.heartbeat", heartbeat);
            if (timeout.compareTo(heartbeat) <= 0) {
                throw new InvalidSettingException(
                        "keyval.replication.timeout must be longer than keyval.replication.heartbeat, but %s is not longer than %s."
                                .formatted(Check.text(timeout), Check.text(heartbeat)));
            }
        }
    }

    /**
     * TLS on the link to the leader.
     *
     * @param bundle the name of the SSL bundle with which a follower connects to its leader; no TLS
     *     when not set
     */
    public record LinkTls(@Nullable String bundle) {

        /** An empty name is none. */
        public LinkTls {
            bundle = bundle == null || bundle.isBlank() ? null : bundle.strip();
        }
    }

    /**
     * How a follower serves.
     *
     * @param maxStaleness how long ago a follower must last have known that it has all its leader
     *     has; after that it answers GET with ERROR; 0 is never
     */
    public record Follower(@DefaultValue("0s") Duration maxStaleness) {

        /** Refuses a time that is over before it begins. */
        public Follower {
            Check.notNegative("keyval.follower.max-staleness", maxStaleness);
        }
    }
}
