package io.keyval.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.core.NestedExceptionUtils;

/** The rules of single settings and those across settings. */
class SettingsTests {

    @Test
    void whenNothingIsSetThenTheDefaultsHold() {
        KeyvalProperties keyval = keyval(Map.of());
        assertThat(keyval.port()).isEqualTo(5000);
        assertThat(keyval.id()).isNull();
        assertThat(keyval.nodeId()).isEqualTo(1);
        assertThat(keyval.leaderHost()).isEqualTo("127.0.0.1");
        assertThat(keyval.leaderPort()).isEqualTo(5000);
        assertThat(keyval.dataDir()).hasToString("data");
        assertThat(keyval.secret()).isNull();
        assertThat(keyval.clientSecret()).isNull();
        assertThat(keyval.tls().bundle()).isNull();
        assertThat(keyval.tls().clientAuth()).isEqualTo(KeyvalProperties.ClientAuth.NONE);
        assertThat(keyval.replication().tls().bundle()).isNull();
        assertThat(keyval.limits().maxOutput().toMegabytes()).isEqualTo(4);
        assertThat(keyval.protocol().getMiss()).isEqualTo(KeyvalProperties.GetMiss.EMPTY_LINE);
        assertThat(keyval.limits().maxKeySize().toKilobytes()).isEqualTo(64);
        assertThat(keyval.limits().maxValueSize().toMegabytes()).isEqualTo(1);
        assertThat(keyval.limits().maxConnections()).isEqualTo(10000);
        assertThat(keyval.limits().handshakeTimeout()).hasSeconds(10);
        assertThat(keyval.limits().idleTimeout()).isZero();
        assertThat(keyval.replication().maxFollowers()).isEqualTo(10);
        assertThat(keyval.replication().minAcks()).isZero();
        assertThat(keyval.replication().ackTimeout()).hasSeconds(1);
        WalProperties wal = bind("keyval.wal", WalProperties.class, Map.of());
        assertThat(wal.fsync()).isEqualTo(Fsync.of("always"));
        assertThat(wal.compactMinSize().toMegabytes()).isEqualTo(64);
        assertThat(wal.compactRatio()).isEqualTo(2.0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    keyval.port                         | -1     | keyval.port must be from 0 to 65535, but is -1.
                    keyval.port                         | 65536  | keyval.port must be from 0 to 65535, but is 65536.
                    keyval.id                           | 0      | keyval.id must be 1 or more, but is 0.
                    keyval.leader-port                  | 0      | keyval.leader-port must be from 1 to 65535, but is 0.
                    keyval.leader-host                  | ' '    | keyval.leader-host must not be empty; leave it out to get its default.
                    keyval.limits.max-key-size          | 0B     | keyval.limits.max-key-size must be from 1B to 512MB, but is 0B.
                    keyval.limits.max-value-size        | 1GB    | keyval.limits.max-value-size must be from 1B to 512MB, but is 1024MB.
                    keyval.limits.max-value-size        | -1KB   | keyval.limits.max-value-size must be from 1B to 512MB, but is -1KB.
                    keyval.limits.max-connections       | 0      | keyval.limits.max-connections must be 1 or more, but is 0.
                    keyval.limits.handshake-timeout     | 0s     | keyval.limits.handshake-timeout must be longer than 0, but is 0s.
                    keyval.limits.idle-timeout          | -250ms | keyval.limits.idle-timeout must not be negative, but is -250ms.
                    keyval.limits.max-output            | 1KB    | keyval.limits.max-output must be from 64KB to 1024MB, but is 1KB.
                    keyval.client-secret                | ''     | keyval.client-secret is empty: set it, or leave it out to admit every client.
                    keyval.tls.client-auth              | need   | keyval.tls.client-auth needs TLS: set keyval.tls.bundle to the name of an SSL bundle.
                    keyval.replication.max-followers    | -1     | keyval.replication.max-followers must be 0 or more, but is -1.
                    keyval.replication.min-acks         | -1     | keyval.replication.min-acks must be 0 or more, but is -1.
                    keyval.replication.min-acks         | 11     | keyval.replication.min-acks must not be more than keyval.replication.max-followers, but 11 is more than 10.
                    keyval.replication.ack-timeout      | 0s     | keyval.replication.ack-timeout must be longer than 0, but is 0s.
                    keyval.replication.heartbeat        | 0s     | keyval.replication.heartbeat must be longer than 0, but is 0s.
                    keyval.replication.timeout          | 1s     | keyval.replication.timeout must be longer than keyval.replication.heartbeat, but 1s is not longer than 1s.
                    keyval.wal.fsync                    | often  | keyval.wal.fsync must be always, never or an interval such as 1s, but is 'often'.
                    keyval.wal.compact-min-size         | 0B     | keyval.wal.compact-min-size must be from 1B to 1073741824MB, but is 0B.
                    keyval.wal.compact-ratio            | 1.0    | keyval.wal.compact-ratio must be larger than 1, but is 1.0.
                    keyval.wal.compact-ratio            | NaN    | keyval.wal.compact-ratio must be larger than 1, but is NaN.
                    keyval.cluster.peers                | 1@a    | keyval.cluster.peers must name each node as id@host:port, such as 1@127.0.0.1:6001, but one is '1@a'.
                    keyval.cluster.peers                | 0@a:1  | keyval.cluster.peers must name each node as id@host:port, such as 1@127.0.0.1:6001, but one is '0@a:1'.
                    keyval.cluster.peers                | 1@a:65536 | keyval.cluster.peers must name each node as id@host:port, such as 1@127.0.0.1:6001, but one is '1@a:65536'.
                    keyval.cluster.peers                | 1@a:1,1@b:1 | keyval.cluster.peers must name each node once, with an id and an address of its own, but has 1@a:1 and 1@b:1.
                    keyval.cluster.peers                | 1@a:1,2@a:1 | keyval.cluster.peers must name each node once, with an id and an address of its own, but has 1@a:1 and 2@a:1.
                    keyval.cluster.name                 | a b    | keyval.cluster.name must be of letters, digits, dots, dashes and underscores, 64 at most, but is 'a b'.
                    keyval.cluster.client-address       | here   | keyval.cluster.client-address must be host:port, such as 10.0.0.5:5000, but is 'here'.
                    keyval.cluster.http-address         | a:0    | keyval.cluster.http-address must be host:port, such as 10.0.0.5:5000, but is 'a:0'.
                    keyval.cluster.shards               | 0      | keyval.cluster.shards must be from 1 to 1024, but is 0.
                    keyval.cluster.replication-factor   | 16     | keyval.cluster.replication-factor must be from 1 to 15, but is 16.
                    keyval.cluster.election-timeout     | 10ms   | keyval.cluster.election-timeout must be from 50ms to 60s, but is 10ms.
                    keyval.cluster.request-timeout      | 500ms  | keyval.cluster.request-timeout must be longer than keyval.cluster.election-timeout, but 500ms is not longer than 500ms.
                    keyval.cluster.request-timeout      | 2h     | keyval.cluster.request-timeout must be from 50ms to 3600s, but is 7200s.
                    keyval.cluster.snapshot-threshold   | 1KB    | keyval.cluster.snapshot-threshold must be from 1MB to 1048576MB, but is 1KB.
                    keyval.wal.retain                   | -1B    | keyval.wal.retain must be from 0B to 1073741824MB, but is -1B.
                    """)
    void whenAValueCannotBeThenOneSentenceSaysWhatCan(String name, String value, String sentence) {
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(
                        () -> {
                            bind("keyval", KeyvalProperties.class, Map.of(name, value));
                            bind("keyval.wal", WalProperties.class, Map.of(name, value));
                        })
                .satisfies(
                        e ->
                                assertThat(NestedExceptionUtils.getMostSpecificCause(e))
                                        .isInstanceOf(InvalidSettingException.class)
                                        .hasMessage(sentence));
    }

    @ParameterizedTest
    @ValueSource(strings = {"keyval.secret", "keyval.client-secret"})
    void whenASecretHoldsALineEndOrIsTooLongThenItIsRefusedWithoutBeingTold(String name) {
        for (String secret : List.of("hush\nhush", "hush\rhush", "hush".repeat(257))) {
            assertThatExceptionOfType(BindException.class)
                    .isThrownBy(() -> keyval(Map.of(name, secret)))
                    .satisfies(
                            e ->
                                    assertThat(NestedExceptionUtils.getMostSpecificCause(e))
                                            .isInstanceOf(InvalidSettingException.class)
                                            .hasMessageStartingWith(name + " must not ")
                                            .hasMessageNotContaining("hush"));
        }
    }

    @Test
    void whenSettingsArePrintedThenTheSecretsAreNot() {
        assertThat(
                        keyval(Map.of("keyval.secret", "hush", "keyval.client-secret", "hush hush"))
                                .toString())
                .contains(" secret=set", "clientSecret=set")
                .doesNotContain("hush");
    }

    @Test
    void whenSecretOrAddressAreEmptyThenTheyAreNotSet() {
        KeyvalProperties keyval = keyval(Map.of("keyval.secret", "", "keyval.address", " "));
        assertThat(keyval.secret()).isNull();
        assertThat(keyval.address()).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    leader          | leader
                    follower        | follower
                    follower,prod   | follower
                    cluster         | cluster
                    """)
    void whenOneProfileIsARoleThenItIsTheRole(String profiles, String role) {
        assertThat(SettingsCheck.role(List.of(profiles.split(",")))).isEqualTo(role);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    boss            | spring.profiles.active must name the role, leader, follower or cluster, but is 'boss'.
                    leader,follower | A node has one role, but leader and follower were set; set only one of them.
                    cluster,leader  | A node has one role, but leader and cluster were set; set only one of them.
                    """)
    void whenTheRoleIsNotClearThenOneSentenceSaysSo(String profiles, String sentence) {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> SettingsCheck.role(List.of(profiles.split(","))))
                .withMessage(sentence);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    leader   | 2 | s  | keyval.id must be 1 on a leader, but is 2; leave it out there.
                    follower |   | s  | A follower needs an id of its own: set keyval.id (or --id) to 2 or more.
                    follower | 1 | s  | keyval.id 1 is the leader's: set keyval.id (or --id) of this follower to 2 or more.
                    follower | 2 | '' | A follower needs the leader's secret: set KEYVAL_SECRET in the environment (or keyval.secret) to the same text as on the leader.
                    """)
    void whenTheRoleNeedsMoreThenOneSentenceSaysWhat(
            String role, String id, String secret, String sentence) {
        KeyvalProperties keyval =
                id == null
                        ? keyval(Map.of("keyval.secret", secret))
                        : keyval(Map.of("keyval.id", id, "keyval.secret", secret));
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> SettingsCheck.check(role, keyval, wal("always")))
                .withMessage(sentence);
    }

    @Test
    void whenTheRoleHasWhatItNeedsThenItMayRun() {
        SettingsCheck.check("leader", keyval(Map.of()), wal("never"));
        SettingsCheck.check("leader", keyval(Map.of("keyval.id", "1")), wal("always"));
        SettingsCheck.check(
                "follower", keyval(Map.of("keyval.id", "2", "keyval.secret", "s")), wal("1s"));
        SettingsCheck.check("cluster", keyval(Map.of()), wal("always"));
        SettingsCheck.check(
                "cluster",
                keyval(Map.of("keyval.id", "2", "keyval.cluster.peers", "1@a:6001,2@b:6001")),
                wal("always"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    keyval.id=2                                                     | keyval.id must be 1 where keyval.cluster.peers is not set, but is 2: a node of several needs all of them in keyval.cluster.peers.
                    keyval.cluster.join=true                                        | keyval.cluster.join needs keyval.cluster.peers: the nodes of the cluster to join, and this node.
                    keyval.cluster.peers=1@a:6001                                   | A node of a cluster needs an id of its own: set keyval.id (or --id) to the one that keyval.cluster.peers has for it.
                    keyval.id=3 keyval.cluster.peers=1@a:6001,2@b:6001              | keyval.cluster.peers must name this node too, as 3@host:port, but has only 1@a:6001,2@b:6001.
                    keyval.id=4 keyval.cluster.peers=4@a:1 keyval.cluster.join=true | keyval.cluster.join needs a cluster: keyval.cluster.peers must name nodes of it, but has only 4@a:1.
                    keyval.limits.max-value-size=32MB                               | keyval.limits.max-key-size and keyval.limits.max-value-size must be 32MB at most together in a cluster, but are 32832KB.
                    keyval.wal.fsync=1s                                             | keyval.wal.fsync must be always in a cluster, but is 1s: a majority vouches for what is on disk.
                    """)
    void whenAClusterCannotBeThenOneSentenceSaysWhy(String settings, String sentence) {
        Map<String, String> map = new HashMap<>();
        for (String setting : settings.split(" ")) {
            map.put(setting.split("=")[0], setting.split("=")[1]);
        }
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(
                        () ->
                                SettingsCheck.check(
                                        "cluster",
                                        keyval(map),
                                        bind("keyval.wal", WalProperties.class, map)))
                .withMessage(sentence);
    }

    @Test
    void whenPeersAreGivenThenEachIsRead() {
        assertThat(
                        keyval(
                                        Map.of(
                                                "keyval.cluster.peers",
                                                "1@127.0.0.1:6001, 2@[::1]:6002,3@c-3:65535"))
                                .cluster()
                                .peers())
                .containsExactly(
                        new ClusterPeer(1, "127.0.0.1", 6001),
                        new ClusterPeer(2, "::1", 6002),
                        new ClusterPeer(3, "c-3", 65535))
                .extracting(ClusterPeer::toString)
                .containsExactly("1@127.0.0.1:6001", "2@[::1]:6002", "3@c-3:65535");
        KeyvalProperties.Cluster defaults = keyval(Map.of()).cluster();
        assertThat(defaults.peers()).isEmpty();
        assertThat(defaults.reads()).isEqualTo(KeyvalProperties.Reads.INDEX);
        assertThat(defaults.snapshotThreshold().toMegabytes()).isEqualTo(64);
    }

    private static WalProperties wal(String fsync) {
        return bind("keyval.wal", WalProperties.class, Map.of("keyval.wal.fsync", fsync));
    }

    private static KeyvalProperties keyval(Map<String, String> settings) {
        return bind("keyval", KeyvalProperties.class, settings);
    }

    private static <T> T bind(String prefix, Class<T> type, Map<String, String> settings) {
        return new Binder(new MapConfigurationPropertySource(settings)).bindOrCreate(prefix, type);
    }
}
