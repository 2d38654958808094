package io.keyval.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.util.unit.DataSize;

/** The rules that go across settings: which role a node has, and what that role needs. */
public final class SettingsCheck {

    private static final List<String> ROLES = List.of("leader", "follower", "cluster");

    /** One command is one entry at most, and the whole of an entry is in memory, several times. */
    private static final DataSize MOST_ENTRY = DataSize.ofMegabytes(32);

    private SettingsCheck() {}

    /**
     * The one role among the profiles of a node.
     *
     * @return {@code leader}, {@code follower} or {@code cluster}
     * @throws InvalidSettingException if there is none, or more than one
     */
    public static String role(Collection<String> profiles) {
        List<String> roles = new ArrayList<>(ROLES);
        roles.retainAll(profiles);
        if (roles.isEmpty()) {
            throw new InvalidSettingException(
                    "spring.profiles.active must name the role, leader, follower or cluster, but is '%s'."
                            .formatted(String.join(",", profiles)));
        }
        if (roles.size() > 1) {
            throw new InvalidSettingException(
                    "A node has one role, but %s were set; set only one of them."
                            .formatted(String.join(" and ", roles)));
        }
        return roles.getFirst();
    }

    /**
     * Checks what the role needs.
     *
     * @param role as {@link #role} has it
     * @throws InvalidSettingException if a node of this role cannot run with these settings
     */
    public static void check(String role, KeyvalProperties properties, WalProperties wal) {
        if (role.equals("cluster")) {
            checkCluster(properties, wal);
            return;
        }
        Integer id = properties.id();
        if (role.equals("leader")) {
            if (id != null && id != 1) {
                throw new InvalidSettingException(
                        "keyval.id must be 1 on a leader, but is %d; leave it out there."
                                .formatted(id));
            }
            return;
        }
        if (id == null) {
            throw new InvalidSettingException(
                    "A follower needs an id of its own: set keyval.id (or --id) to 2 or more.");
        }
        if (id == 1) {
            throw new InvalidSettingException(
                    "keyval.id 1 is the leader's: set keyval.id (or --id) of this follower to 2 or more.");
        }
        if (properties.secret() == null) {
            throw new InvalidSettingException(
                    "A follower needs the leader's secret: set KEYVAL_SECRET in the environment (or keyval.secret) to the same text as on the leader.");
        }
    }

    private static void checkCluster(KeyvalProperties properties, WalProperties wal) {
        List<ClusterPeer> peers = properties.cluster().peers();
        Integer id = properties.id();
        if (peers.isEmpty()) {
            if (properties.cluster().join()) {
                throw new InvalidSettingException(
                        "keyval.cluster.join needs keyval.cluster.peers: the nodes of the cluster to join, and this node.");
            }
            if (id != null && id != 1) {
                throw new InvalidSettingException(
                        "keyval.id must be 1 where keyval.cluster.peers is not set, but is %d: a node of several needs all of them in keyval.cluster.peers."
                                .formatted(id));
            }
        } else {
            if (id == null) {
                throw new InvalidSettingException(
                        "A node of a cluster needs an id of its own: set keyval.id (or --id) to the one that keyval.cluster.peers has for it.");
            }
            if (peers.stream().noneMatch(peer -> peer.id() == id)) {
                throw new InvalidSettingException(
                        "keyval.cluster.peers must name this node too, as %d@host:port, but has only %s."
                                .formatted(id, text(peers)));
            }
            if (properties.cluster().join() && peers.size() == 1) {
                throw new InvalidSettingException(
                        "keyval.cluster.join needs a cluster: keyval.cluster.peers must name nodes of it, but has only %s."
                                .formatted(text(peers)));
            }
        }
        DataSize entry =
                DataSize.ofBytes(
                        properties.limits().maxKeySize().toBytes()
                                + properties.limits().maxValueSize().toBytes());
        if (entry.compareTo(MOST_ENTRY) > 0) {
            throw new InvalidSettingException(
                    "keyval.limits.max-key-size and keyval.limits.max-value-size must be %s at most together in a cluster, but are %s."
                            .formatted(Check.text(MOST_ENTRY), Check.text(entry)));
        }
        if (wal.fsync().kind() != Fsync.Kind.ALWAYS) {
            throw new InvalidSettingException(
                    "keyval.wal.fsync must be always in a cluster, but is %s: a majority vouches for what is on disk."
                            .formatted(wal.fsync()));
        }
    }

    private static String text(List<ClusterPeer> peers) {
        return peers.stream().map(ClusterPeer::toString).collect(Collectors.joining(","));
    }
}
