package io.keyval.replication;

import io.keyval.protocol.FollowerGate;
import io.keyval.protocol.HandshakeError;
import io.keyval.store.KeyValueStore;
import io.keyval.store.Role;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The followers of a leader, by their ids; decides who comes in. Thread-safe. */
final class FollowerSessions implements FollowerGate {

    private static final int LEADER_ID = 1;
    private static final long PROBE_STEP = Duration.ofMillis(20).toNanos();

    private final KeyValueStore store;
    private final byte @Nullable [] secret;
    private final int ownId;
    private final int maxFollowers;
    private final Duration probe;
    private final BiFunction<Integer, String, FollowerSession> open;
    private final Map<Integer, FollowerSession> sessions = new TreeMap<>();

    /**
     * @param secret null admits nobody
     * @param probe how long a live follower may be silent
     * @param open makes the session of an id on a connection
     */
    FollowerSessions(
            KeyValueStore store,
            @Nullable String secret,
            int ownId,
            int maxFollowers,
            Duration probe,
            BiFunction<Integer, String, FollowerSession> open) {
        this.store = store;
        this.secret = secret == null ? null : secret.getBytes(StandardCharsets.UTF_8);
        this.ownId = ownId;
        this.maxFollowers = maxFollowers;
        this.probe = probe;
        this.open = open;
    }

    @Override
    public Admission admit(int id, byte[] shown, String connectionId) {
        if (store.role() != Role.LEADER) {
            return new Admission.Rejected(HandshakeError.CANNOT_ACCEPT_FOLLOWER_CONNECTION);
        }
        if (secret == null || !MessageDigest.isEqual(secret, shown)) {
            return new Admission.Rejected(HandshakeError.INVALID_SECRET_KEY);
        }
        FollowerSession before = session(id);
        if (id == LEADER_ID || id == ownId || before != null && isAlive(before)) {
            return new Admission.Rejected(HandshakeError.ID_ALREADY_TAKEN);
        }
        if (before != null) {
            leave(before);
        }
        synchronized (sessions) {
            if (store.role() != Role.LEADER) {
                return new Admission.Rejected(HandshakeError.CANNOT_ACCEPT_FOLLOWER_CONNECTION);
            }
            if (sessions.containsKey(id)) {
                return new Admission.Rejected(HandshakeError.ID_ALREADY_TAKEN);
            }
            if (sessions.size() >= maxFollowers) {
                return new Admission.Rejected(HandshakeError.MAX_SIZE_EXCEEDED);
            }
            sessions.put(id, open.apply(id, connectionId));
        }
        return new Admission.Admitted();
    }

    /**
     * Whether an earlier session of the same id is heard while it is watched: a follower that comes
     * back must not be refused by its own dead session, whose end the network may never tell.
     */
    private boolean isAlive(FollowerSession session) {
        long heard = session.lastHeard();
        long deadline = System.nanoTime() + probe.toNanos();
        while (System.nanoTime() - deadline < 0) {
            if (session.isClosed() || session(session.id()) != session) {
                return false;
            }
            if (session.lastHeard() != heard) {
                return true;
            }
            LockSupport.parkNanos(PROBE_STEP);
        }
        return false;
    }

    @Override
    public void opened(int id, String connectionId) {
        // The follower speaks first.
    }

    @Override
    public void closing() {
        long position = store.wal().position();
        awaitAcknowledged(position, probe);
        dismiss("the leader stops");
    }

    /** Waits until the followers that stream have all records up to here, or time is over. */
    void awaitAcknowledged(long position, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (all().stream().anyMatch(session -> session.isWaitingFor(position))
                && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(PROBE_STEP);
        }
    }

    /** The connection is closed: its follower is gone. */
    void closed(String connectionId) {
        FollowerSession gone = byConnection(connectionId);
        if (gone != null) {
            leave(gone);
        }
    }

    /** Frees the id. Closes without the lock: closing calls back, holding locks of its own. */
    void leave(FollowerSession gone) {
        synchronized (sessions) {
            sessions.remove(gone.id(), gone);
        }
        gone.close();
    }

    /**
     * Tells all followers where the log ends and why they are left, and closes their connections.
     * Waits a moment for those that do not take the word, then closes them without.
     */
    void dismiss(String reason) {
        List<FollowerSession> leaving = all();
        leaving.forEach(session -> session.goodbye(reason));
        leaving.forEach(FollowerSession::awaitClosed);
        leaving.forEach(this::leave);
    }

    @Nullable FollowerSession byConnection(String connectionId) {
        for (FollowerSession session : all()) {
            if (session.connectionId().equals(connectionId)) {
                return session;
            }
        }
        return null;
    }

    private @Nullable FollowerSession session(int id) {
        synchronized (sessions) {
            return sessions.get(id);
        }
    }

    /** The followers that are here, by id. */
    List<FollowerSession> all() {
        synchronized (sessions) {
            return new ArrayList<>(sessions.values());
        }
    }
}
