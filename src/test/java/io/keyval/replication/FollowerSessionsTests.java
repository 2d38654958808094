package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.protocol.FollowerGate.Admission;
import io.keyval.protocol.HandshakeError;
import io.keyval.store.Role;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowerSessionsTests {

    /** Longer than any stall of a follower that talks all the time. */
    private static final Duration PROBE = Duration.ofSeconds(30);

    private static final Admission ADMITTED = new Admission.Admitted();

    private final Map<String, RecordingPeer> peers = new HashMap<>();
    private final CountDownLatch stopTalking = new CountDownLatch(1);
    private TestStore store;
    private FollowerSessions sessions;

    @BeforeEach
    void start(@TempDir Path directory) {
        store = new TestStore(directory, Role.LEADER);
        sessions = sessions("secret", PROBE);
    }

    @AfterEach
    void stop() {
        stopTalking.countDown();
        store.close();
    }

    @Test
    void whenEverythingIsWrongThenTheFirstCheckThatFailsIsTold() {
        assertThat(admit(2, "secret", "a")).isEqualTo(ADMITTED);
        assertThat(admit(3, "secret", "b")).isEqualTo(ADMITTED);
        keepTalking("a");

        assertThat(admit(1, "wrong", "c")).isEqualTo(rejected(HandshakeError.INVALID_SECRET_KEY));
        assertThat(admit(2, "wrong", "c")).isEqualTo(rejected(HandshakeError.INVALID_SECRET_KEY));
        assertThat(admit(1, "secret", "c")).isEqualTo(rejected(HandshakeError.ID_ALREADY_TAKEN));
        assertThat(admit(2, "secret", "c")).isEqualTo(rejected(HandshakeError.ID_ALREADY_TAKEN));
        assertThat(admit(4, "secret", "c")).isEqualTo(rejected(HandshakeError.MAX_SIZE_EXCEEDED));

        store.store().follow();
        HandshakeError noLeader = HandshakeError.CANNOT_ACCEPT_FOLLOWER_CONNECTION;
        assertThat(admit(1, "wrong", "c")).isEqualTo(rejected(noLeader));
        assertThat(admit(4, "secret", "c")).isEqualTo(rejected(noLeader));
    }

    @Test
    void whenNoSecretIsSetThenNobodyComesIn() {
        sessions = sessions(null, PROBE);
        assertThat(admit(2, "", "a")).isEqualTo(rejected(HandshakeError.INVALID_SECRET_KEY));
        assertThat(admit(2, "null", "a")).isEqualTo(rejected(HandshakeError.INVALID_SECRET_KEY));
    }

    @Test
    void whenALiveFollowerHoldsTheIdThenItKeepsIt() {
        admit(2, "secret", "a");
        keepTalking("a");
        assertThat(admit(2, "secret", "b")).isEqualTo(rejected(HandshakeError.ID_ALREADY_TAKEN));
        assertThat(peer("a").isClosed()).isFalse();
        assertThat(sessions.byConnection("a")).isNotNull();
    }

    @Test
    void whenADeadSessionHoldsTheIdThenTheNewConnectionTakesItsPlace() {
        sessions = sessions("secret", Duration.ofMillis(50));
        admit(2, "secret", "a");
        admit(3, "secret", "b");
        assertThat(admit(2, "secret", "c")).isEqualTo(ADMITTED);
        assertThat(peer("a").isClosed()).isTrue();
        assertThat(peer("c").isClosed()).isFalse();
        assertThat(sessions.all())
                .extracting(FollowerSession::connectionId)
                .containsExactly("c", "b");

        sessions.closed("a");
        assertThat(sessions.byConnection("c")).as("the late end of the old one").isNotNull();
    }

    @Test
    void whenAConnectionClosesThenItsIdAndItsRoomAreFree() {
        admit(2, "secret", "a");
        admit(3, "secret", "b");
        sessions.closed("a");
        assertThat(admit(4, "secret", "c")).isEqualTo(ADMITTED);
        sessions.closed("b");
        assertThat(admit(2, "secret", "d")).isEqualTo(ADMITTED);
    }

    @Test
    void whenTheLeaderLeavesThenFollowersThatDoNotCloseAreClosed() {
        admit(2, "secret", "a");
        sessions.dismiss("enough");
        assertThat(peer("a").sent()).containsExactly(new WireMessage.Goodbye("enough"));
        Awaitility.await().until(peer("a")::isClosed);
        assertThat(sessions.all()).isEmpty();
    }

    private Admission admit(int id, String secret, String connection) {
        return sessions.admit(id, secret.getBytes(StandardCharsets.UTF_8), connection);
    }

    private RecordingPeer peer(String connection) {
        return peers.get(connection);
    }

    private void keepTalking(String connection) {
        FollowerSession session = sessions.byConnection(connection);
        byte[] word = WireCodec.encode(new WireMessage.Ack(0));
        Thread.ofVirtual()
                .start(
                        () -> {
                            while (!await(stopTalking)) {
                                session.received(ByteBuffer.wrap(word), "127.0.0.1");
                            }
                        });
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(10, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            return true;
        }
    }

    private static Admission rejected(HandshakeError error) {
        return new Admission.Rejected(error);
    }

    private FollowerSessions sessions(@Nullable String secret, Duration probe) {
        return new FollowerSessions(
                store.store(),
                secret,
                1,
                2,
                probe,
                (id, connection) ->
                        new FollowerSession(
                                id,
                                connection,
                                peers.computeIfAbsent(connection, c -> new RecordingPeer()),
                                store.store(),
                                Duration.ofSeconds(1),
                                Duration.ZERO,
                                new LagClock(),
                                new RecordingListener()));
    }
}
