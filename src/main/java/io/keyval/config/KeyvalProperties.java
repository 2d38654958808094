package io.keyval.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the node.
 *
 * @param address the address to listen on and to reach the leader from; all addresses when not set
 * @param port the TCP port for clients and followers
 * @param id this node's id; 1 is the leader's, a follower has to set another, a node of a cluster
 *     the one that the peers have for it
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
 * @param cluster what a node of a cluster needs
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
        @DefaultValue Follower follower,
        @DefaultValue Cluster cluster) {

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
        return "KeyvalProperties[address=%s, port=%d, id=%s, leaderHost=%s, leaderPort=%d, dataDir=%s, secret=%s, clientSecret=%s, tls=%s, management=%s, protocol=%s, limits=%s, replication=%s, follower=%s, cluster=%s]"
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
                        follower,
                        cluster);
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
     * What a node of a cluster needs.
     *
     * @param peers all nodes of the cluster with their addresses for each other, this node among
     *     them; a node that is alone needs none
     * @param name the name of the cluster; nodes of clusters with other names never talk to each
     *     other
     * @param clientAddress host and port that the other nodes tell clients for this node; when not
     *     set, those of the node itself
     * @param httpAddress host and port where the other nodes find this node's HTTP; when not set,
     *     those of the node itself
     * @param join whether this node waits to be added to a cluster that is there
     * @param reads how GET is answered
     * @param forward whether a node that does not lead passes commands on to the one that does
     * @param shards groups that the keys are spread over; fixed when the cluster is formed
     * @param replicationFactor nodes that hold a shard; fixed when the cluster is formed
     * @param electionTimeout the least time without a word of the leader before the others choose
     *     another one; the most is twice it
     * @param requestTimeout time after which a command that could not be done is answered by ERROR;
     *     one behind 256 others of its connection waits for theirs, too
     * @param snapshotThreshold the log that may come together behind a snapshot before the next
     * @param tls TLS between the nodes
     */
    public record Cluster(
            @DefaultValue List<ClusterPeer> peers,
            @DefaultValue("keyval") String name,
            @Nullable String clientAddress,
            @Nullable String httpAddress,
            @DefaultValue("false") boolean join,
            @DefaultValue("index") Reads reads,
            @DefaultValue("true") boolean forward,
            @DefaultValue("1") int shards,
            @DefaultValue("3") int replicationFactor,
            @DefaultValue("500ms") Duration electionTimeout,
            @DefaultValue("5s") Duration requestTimeout,
            @DefaultValue("64MB") DataSize snapshotThreshold,
            @DefaultValue ClusterTls tls) {

        private static final int MOST_SHARDS = 1024;
        private static final int MOST_REPLICAS = 15;
        private static final Duration LEAST_ELECTION = Duration.ofMillis(50);
        private static final Duration MOST_ELECTION = Duration.ofMinutes(1);
        private static final Duration MOST_REQUEST = Duration.ofHours(1);
        private static final DataSize LEAST_LOG = DataSize.ofMegabytes(1);
        private static final DataSize MOST_LOG = DataSize.ofTerabytes(1);

        /** Refuses clusters that cannot be; an empty address is none. */
        public Cluster {
            peers = List.copyOf(peers);
            clientAddress = address("keyval.cluster.client-address", clientAddress);
            httpAddress = address("keyval.cluster.http-address", httpAddress);
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
                throw new InvalidSettingException(
                        "keyval.cluster.name must be of letters, digits, dots, dashes and underscores, 64 at most, but is '%s'."
                                .formatted(name));
            }
            refuseTwins(peers);
            Check.range("keyval.cluster.shards", shards, 1, MOST_SHARDS);
            Check.range("keyval.cluster.replication-factor", replicationFactor, 1, MOST_REPLICAS);
            Check.time(
                    "keyval.cluster.election-timeout",
                    electionTimeout,
                    LEAST_ELECTION,
                    MOST_ELECTION);
            Check.time(
                    "keyval.cluster.request-timeout", requestTimeout, LEAST_ELECTION, MOST_REQUEST);
            if (requestTimeout.compareTo(electionTimeout) <= 0) {
                throw new InvalidSettingException(
                        "keyval.cluster.request-timeout must be longer than keyval.cluster.election-timeout, but %s is not longer than %s."
                                .formatted(
                                        Check.text(requestTimeout), Check.text(electionTimeout)));
            }
            Check.size("keyval.cluster.snapshot-threshold", snapshotThreshold, LEAST_LOG, MOST_LOG);
        }

        private static @Nullable String address(String name, @Nullable String value) {
            if (value == null || value.isBlank()) {
                return null;
            }
            String address = value.strip();
            if (!address.matches("([^\\s:@/\\[\\]]+|\\[[0-9A-Fa-f:.%]+]):[1-9]\\d{0,4}")
                    || Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)) > 65535) {
                throw new InvalidSettingException(
                        "%s must be host:port, such as 10.0.0.5:5000, but is '%s'."
                                .formatted(name, address));
            }
            return address;
        }

        private static void refuseTwins(List<ClusterPeer> peers) {
            Map<Object, ClusterPeer> seen = new HashMap<>();
            for (ClusterPeer peer : peers) {
                ClusterPeer sameId = seen.put(peer.id(), peer);
                ClusterPeer twin = sameId == null ? seen.put(peer.address(), peer) : sameId;
                if (twin != null) {
                    throw new InvalidSettingException(
                            "keyval.cluster.peers must name each node once, with an id and an address of its own, but has %s and %s."
                                    .formatted(twin, peer));
                }
            }
        }
    }

    /** How a node of a cluster answers GET. */
    public enum Reads {
        /** By the node that leads, from memory, when a majority says that it does: never stale. */
        INDEX,
        /** At its place in the log, never stale. */
        LOG,
        /** By the node that leads, from memory: stale for an election timeout at worst. */
        LEASE,
        /** By any node, from memory: stale. */
        LOCAL
    }

    /**
     * TLS between the nodes of a cluster.
     *
     * @param bundle the name of the SSL bundle by which the nodes know each other; no TLS when not
     *     set
     */
    public record ClusterTls(@Nullable String bundle) {

        /** An empty name is none. */
        public ClusterTls {
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
