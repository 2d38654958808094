package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.command.Reply;
import io.keyval.store.Role;
import io.keyval.wal.LogId;
import io.keyval.wal.Wal;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowerSessionTests {

    private final RecordingPeer peer = new RecordingPeer();
    private final RecordingListener listener = new RecordingListener();
    private TestStore leader;
    private Wal wal;
    private FollowerSession session;

    @BeforeEach
    void start(@TempDir Path directory) {
        leader = new TestStore(directory, Role.LEADER);
        wal = leader.store().wal();
        for (int i = 0; i < 5; i++) {
            assertThat(leader.put("k" + i, "v")).isEqualTo(Reply.OK);
        }
        session =
                new FollowerSession(
                        2,
                        "c",
                        peer,
                        leader.store(),
                        Duration.ofHours(1),
                        Duration.ZERO,
                        new LagClock(),
                        listener);
    }

    @AfterEach
    void stop() {
        session.close();
        leader.close();
    }

    @Test
    void whenAReturningFollowerSaysWhereItIsThenItGetsWhatItMisses() {
        say(new WireMessage.Status(1, 5001, wal.id(), wal.epoch(), 3));
        await().until(() -> peer.sent().size() >= 2);
        assertThat(peer.sent().getFirst())
                .isEqualTo(new WireMessage.Continue(wal.id(), wal.epoch(), 5));
        assertThat(peer.sent().get(1)).isInstanceOf(WireMessage.Data.class);
        assertThat(listener.resyncs).isEmpty();
        assertThat(session.status().lagRecords()).isEqualTo(2);
        assertThat(session.isWaitingFor(5)).isTrue();

        say(new WireMessage.Ack(5));
        assertThat(listener.resyncs).containsExactly(new Resync.Continue(3));
        assertThat(session.status().acknowledgedPosition()).isEqualTo(5);
        assertThat(session.status().lagBytes()).isZero();
        assertThat(session.isWaitingFor(5)).isFalse();
    }

    @Test
    void whenANewFollowerComesThenItGetsEverythingAndThenIsCounted() {
        say(new WireMessage.Status(1, 5001, new LogId(UUID.randomUUID()), 0, 0));
        await().until(() -> peer.sent().contains(new WireMessage.SyncDone()));
        assertThat(peer.sent().getFirst())
                .isEqualTo(
                        new WireMessage.Full(
                                wal.id(), wal.epoch(), 5, wal.size(), Resync.Reason.NEW_FOLLOWER));
        say(new WireMessage.Ack(0));
        assertThat(listener.resyncs).isEmpty();
        await().untilAsserted(() -> assertThat(session.status().syncBytes()).isZero());
        say(new WireMessage.Ack(5));
        say(new WireMessage.Ack(5));
        assertThat(listener.resyncs).containsExactly(new Resync.Full(Resync.Reason.NEW_FOLLOWER));
        long bytes =
                peer.sent().stream()
                        .mapToLong(m -> m instanceof WireMessage.Data(var b) ? b.remaining() : 0)
                        .sum();
        assertThat(bytes).isEqualTo(wal.size());
    }

    @Test
    void whenAFollowerSpeaksAnotherVersionThenItIsToldAndLeft() {
        say(new WireMessage.Status(2, 5001, wal.id(), wal.epoch(), 3));
        await().until(peer::isClosed);
        assertThat(peer.sent())
                .singleElement()
                .isInstanceOfSatisfying(
                        WireMessage.Goodbye.class,
                        bye -> assertThat(bye.reason()).contains("version 1").contains("not 2"));
        assertThat(listener.resyncs).isEmpty();
    }

    @Test
    void whenAFollowerWasLedByALaterLeaderThenThisOneIsSuperseded() {
        long later = wal.epoch() + (1L << 32);
        say(new WireMessage.Status(1, 5001, wal.id(), later, 9));
        assertThat(listener.superseding).containsExactly(later);
        await().until(peer::isClosed);
        assertThat(peer.sent()).allMatch(WireMessage.Goodbye.class::isInstance);
    }

    @Test
    void whenAFollowerWasLedByALeaderOfTheSameCountThenItStartsOver() {
        say(new WireMessage.Status(1, 5001, wal.id(), wal.epoch() ^ 1, 5));
        await().until(() -> !peer.sent().isEmpty());
        assertThat(listener.superseding).isEmpty();
        assertThat(peer.sent().getFirst())
                .isInstanceOfSatisfying(
                        WireMessage.Full.class,
                        full -> assertThat(full.reason()).isEqualTo(Resync.Reason.DIVERGED));
    }

    @Test
    void whenAFollowerAcknowledgesWhatWasNeverSentThenItIsLeft() {
        say(new WireMessage.Status(1, 5001, wal.id(), wal.epoch(), 3));
        say(new WireMessage.Ack(6));
        assertThat(peer.isClosed()).isTrue();
        assertThat(session.status().acknowledgedPosition()).isEqualTo(3);
    }

    @Test
    void whenAFollowerSaysWhatOnlyALeaderSaysThenItIsLeft() {
        say(new WireMessage.SyncDone());
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void whenAFollowerTellsItsStatusTwiceThenItIsLeft() {
        say(new WireMessage.Status(1, 5001, wal.id(), wal.epoch(), 3));
        say(new WireMessage.Status(1, 5001, wal.id(), wal.epoch(), 3));
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void whenAFollowerSendsNoMessageThenItIsLeft() {
        session.received(ByteBuffer.wrap("PUT a b\nPUT a b\nPUT a b\n".getBytes()), "127.0.0.1");
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void whenAnOldAcknowledgementComesThenThePositionStays() {
        say(new WireMessage.Status(1, 5001, wal.id(), wal.epoch(), 3));
        say(new WireMessage.Ack(5));
        say(new WireMessage.Ack(4));
        assertThat(session.acknowledgedPosition()).isEqualTo(5);
        assertThat(peer.isClosed()).isFalse();
    }

    @Test
    void whenTheSessionLeavesThenTheLastWordTellsWhereTheLogEnds() {
        say(new WireMessage.Status(1, 5001, wal.id(), wal.epoch(), 5));
        await().until(() -> peer.sent().size() == 2);
        session.goodbye("bye");
        await().until(peer::isClosed);
        assertThat(peer.sent())
                .endsWith(new WireMessage.Heartbeat(5, 0), new WireMessage.Goodbye("bye"));
    }

    private void say(WireMessage message) {
        session.received(ByteBuffer.wrap(WireCodec.encode(message)), "127.0.0.1");
    }
}
