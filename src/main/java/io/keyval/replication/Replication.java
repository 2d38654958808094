package io.keyval.replication;

import io.keyval.config.KeyvalProperties;
import io.keyval.protocol.FollowerGate;
import io.keyval.store.Confirmation;
import io.keyval.store.KeyValueStore;
import io.keyval.store.Role;
import io.keyval.store.Store;
import io.keyval.wal.Epoch;
import io.keyval.wal.Wal;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Replication of this node, in whichever role it is: what a leader's followers and a follower's
 * link are doing, and the change from one role to the other. Thread-safe.
 */
public final class Replication implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Replication.class);
    private static final int PHASE = Store.PHASE + 1000;
    private static final Duration TICK = Duration.ofMillis(10);

    /** Where no client waits for a follower's word. */
    private static final Duration GATHER = Duration.ofMillis(5);

    /** A promotion counts for as many leaderships, a start for one: it outranks later starts. */
    private static final long PROMOTION = 1000;

    private final KeyvalProperties properties;
    private final KeyValueStore store;
    private final FollowerSessions sessions;
    private final ReplicationMeters meters;
    private final LagClock clock;
    private final @Nullable AckConfirmation acks;
    private final ApplicationContext context;
    private final @Nullable LinkTls tls;
    private final Object roleChange = new Object();

    private volatile @Nullable FollowerLink link;
    private volatile @Nullable String superseded;

    /** The epoch that superseded this leader, by value; 0 when none did. */
    private volatile long latestSeen;

    private volatile @Nullable Thread watch;
    private volatile boolean running;

    Replication(
            KeyvalProperties properties,
            KeyValueStore store,
            SessionFactory peers,
            ReplicationMeters meters,
            ApplicationContext context,
            @Nullable LinkTls tls) {
        this.properties = properties;
        this.store = store;
        this.meters = meters;
        this.context = context;
        this.tls = tls;
        this.clock = new LagClock();
        KeyvalProperties.Replication settings = properties.replication();
        this.acks =
                settings.minAcks() == 0
                        ? null
                        : new AckConfirmation(settings.minAcks(), settings.ackTimeout());
        this.sessions =
                new FollowerSessions(
                        store,
                        properties.secret(),
                        properties.nodeId(),
                        settings.maxFollowers(),
                        probe(settings),
                        (id, connection) ->
                                new FollowerSession(
                                        id,
                                        connection,
                                        peers.peer(connection),
                                        store,
                                        settings.heartbeat(),
                                        acks == null ? GATHER : Duration.ZERO,
                                        clock,
                                        new Listener()));
    }

    /** How long a live follower may be silent: beyond a heartbeat, and less than the timeout. */
    private static Duration probe(KeyvalProperties.Replication settings) {
        Duration two = settings.heartbeat().multipliedBy(2);
        Duration middle = settings.heartbeat().plus(settings.timeout()).dividedBy(2);
        return two.compareTo(middle) < 0 ? two : middle;
    }

    /** How a session reaches the connection of an id. */
    interface SessionFactory {
        FollowerSession.Peer peer(String connectionId);
    }

    private final class Listener implements FollowerSession.Listener {

        @Override
        public void acknowledged() {
            tellAcknowledged();
        }

        @Override
        public void resynced(Resync decision) {
            meters.resynced(decision);
        }

        @Override
        public void superseded(int follower, long epoch) {
            supersededBy(follower, epoch);
        }
    }

    /** Admits followers. */
    FollowerGate gate() {
        return sessions;
    }

    FollowerSessions sessions() {
        return sessions;
    }

    private void tellAcknowledged() {
        AckConfirmation waiting = acks;
        if (waiting != null) {
            waiting.acknowledged(
                    sessions.all().stream()
                            .mapToLong(FollowerSession::acknowledgedPosition)
                            .toArray());
        }
    }

    private void supersededBy(int follower, long epoch) {
        synchronized (roleChange) {
            long own = store.wal().epoch();
            if (store.role() != Role.LEADER || epoch >>> 32 <= own >>> 32) {
                return;
            }
            store.follow();
            latestSeen = epoch;
            superseded =
                    "follower %d has been led in epoch %s, later than this leader's %s; this node takes no more writes: let it follow the new leader, or promote it by force"
                            .formatted(follower, Epoch.text(epoch), Epoch.text(own));
            log.error("Superseded: {}.", superseded);
        }
        Thread.ofVirtual()
                .name("replication-dismiss")
                .start(() -> sessions.dismiss("this leader has been superseded"));
    }

    /** A leader's followers, by id; empty on a follower. */
    public List<FollowerStatus> followers() {
        return sessions.all().stream().map(FollowerSession::status).toList();
    }

    /** A follower's link to its leader, or null on a leader. */
    public @Nullable LinkStatus link() {
        FollowerLink current = link;
        return current == null ? null : current.status();
    }

    /** Why this leader stopped taking writes, or null. */
    public @Nullable String superseded() {
        return superseded;
    }

    /** Why the last writes were not confirmed by followers, or null. */
    public @Nullable String unconfirmed() {
        AckConfirmation waiting = acks;
        return waiting == null ? null : waiting.complaint();
    }

    /**
     * Whether GET is answered: always on a leader; on a follower unless the settings bound how old
     * its data may be, and it does not know them to be younger.
     */
    public boolean isFresh() {
        Duration most = properties.follower().maxStaleness();
        if (most.isZero() || store.role() == Role.LEADER) {
            return true;
        }
        FollowerLink current = link;
        Duration age = current == null ? null : current.age();
        return age != null && age.compareTo(most) <= 0;
    }

    /** Whether this node has all data it can be asked for: a follower after its first sync. */
    public boolean isSynced() {
        return store.role() == Role.LEADER || store.wal().epoch() != 0;
    }

    /**
     * Makes this follower the leader. Its log becomes the history, from a new epoch on, which is so
     * much later than the last one that a leader of before, even after many restarts, knows itself
     * superseded when it meets it. If this node is connected to the leader it had, that one is told
     * at once, and stops taking writes.
     *
     * @param force also when it does not have everything that the leader was last heard to have;
     *     what it does not have is then lost to those who follow it
     * @throws PromotionException when this node leads already, or is not caught up
     */
    public void promote(boolean force) {
        synchronized (roleChange) {
            FollowerLink current = link;
            if (store.role() == Role.LEADER) {
                throw new PromotionException("This node is the leader already.");
            }
            if (!force) {
                refuseUnlessCaughtUp(current);
            }
            if (current != null) {
                current.freeze();
            }
            try {
                if (!force) {
                    refuseUnlessCaughtUp(current);
                }
                if (acks != null) {
                    acks.reset();
                }
                store.lead(outranking(Math.max(latestSeen, store.wal().epoch())));
            } catch (RuntimeException e) {
                if (current != null) {
                    current.thaw();
                }
                throw e;
            }
            link = null;
            superseded = null;
            meters.lags(sessions.all());
            Wal wal = store.wal();
            log.warn(
                    "Promoted: this node leads from position {} in epoch {}.",
                    wal.position(),
                    Epoch.text(wal.epoch()));
            if (current != null) {
                current.stop(WireCodec.encode(WireMessage.Status.of(wal, properties.port())));
            }
        }
    }

    /** What a promotion behind the epoch {@code seen} has to be later than. */
    static long outranking(long seen) {
        return seen + (PROMOTION - 1 << 32);
    }

    private static void refuseUnlessCaughtUp(@Nullable FollowerLink current) {
        if (current == null || !current.isCaughtUp()) {
            throw new PromotionException(
                    "This node does not have everything that its leader was last heard to have; promote it with force=true to go on without that.");
        }
    }

    /**
     * Makes this node follow another leader. A leader stops taking writes first, and waits a while
     * for its followers to have them all; what its log holds and the new leader's does not is kept
     * aside in a file.
     *
     * @param asId the id to follow under; null for this node's own
     * @throws PromotionException when no secret is set, or the id is the leader's
     */
    public void follow(String host, int port, @Nullable Integer asId) {
        int id = asId == null ? properties.nodeId() : asId;
        String secret = properties.secret();
        if (secret == null) {
            throw new PromotionException("This node has no secret to follow a leader with.");
        }
        if (id <= 1) {
            throw new PromotionException(
                    "A follower's id is greater than 1, and this node's is %d; say under which id it follows."
                            .formatted(id));
        }
        synchronized (roleChange) {
            store.follow();
            sessions.awaitAcknowledged(store.wal().position(), properties.replication().timeout());
            sessions.dismiss("this node follows another leader");
            FollowerLink current = link;
            if (current != null) {
                current.stop();
            }
            superseded = null;
            startLink(id, secret, host, port);
        }
    }

    private void startLink(int id, String secret, String host, int port) {
        KeyvalProperties.Replication settings = properties.replication();
        FollowerLink next =
                new FollowerLink(
                        new FollowerIdentity(
                                id,
                                properties.port(),
                                properties.address(),
                                secret,
                                settings.heartbeat(),
                                settings.timeout(),
                                settings.acceptEmptyLeader(),
                                tls),
                        host,
                        port,
                        store,
                        context,
                        meters::resynced);
        link = next;
        meters.lag(id, () -> next.status().lagRecords());
        next.start();
    }

    @Override
    public void start() {
        running = true;
        store.confirmWith(acks == null ? Confirmation.IMMEDIATE : acks);
        store.readableWhile(this::isFresh);
        meters.followers(() -> sessions.all().size());
        String secret = properties.secret();
        if (store.role() == Role.FOLLOWER && secret != null) {
            startLink(
                    properties.nodeId(), secret, properties.leaderHost(), properties.leaderPort());
        }
        watch = Thread.ofVirtual().name("replication-watch").start(this::watch);
    }

    private void watch() {
        List<FollowerSession> shown = List.of();
        try {
            while (running) {
                try {
                    shown = look(shown);
                } catch (RuntimeException e) {
                    log.error("A look at the followers failed; the next one follows.", e);
                }
                Thread.sleep(acks == null ? TICK.multipliedBy(10) : TICK);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Gives up on writes and followers whose time is over, and keeps the clock of the lag.
     *
     * @param shown the followers whose lag the meters show
     * @return those that they show now
     */
    private List<FollowerSession> look(List<FollowerSession> shown) {
        List<FollowerSession> now = sessions.all();
        if (acks != null) {
            acks.expire(now.size());
        }
        clock.reached(store.wal().position(), System.nanoTime());
        long timeout = properties.replication().timeout().toNanos();
        for (FollowerSession session : now) {
            if (session.silence() > timeout) {
                log.warn(
                        "Follower {} is disconnected: nothing was heard from it for {} ms.",
                        session.id(),
                        session.silence() / 1_000_000);
                sessions.leave(session);
            }
        }
        if (link == null && !now.equals(shown)) {
            meters.lags(now);
            return now;
        }
        return shown;
    }

    /** The server has left the followers before, see {@link FollowerGate#closing}. */
    @Override
    public void stop() {
        running = false;
        FollowerLink current = link;
        if (current != null) {
            current.stop();
        }
        Thread watching = watch;
        if (watching != null) {
            watching.interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
