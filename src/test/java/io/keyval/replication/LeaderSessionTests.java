package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.command.Reply;
import io.keyval.store.Role;
import io.keyval.wal.LogId;
import io.keyval.wal.Wal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One connection to a leader, without a network. */
@Timeout(60)
class LeaderSessionTests {

    private static final Duration AN_HOUR = Duration.ofHours(1);
    private static final byte[] LAST =
            WireCodec.encode(new WireMessage.Goodbye("this follower stops"));

    private final LinkRun run = new LinkRun();
    private final LinkState state = new LinkState("leader", 5000);
    private final List<Resync> resyncs = new CopyOnWriteArrayList<>();
    private RecordingLeader peer = new RecordingLeader();
    private TestStore leader;
    private TestStore follower;
    private FollowerLag lag;
    private LeaderSession session;

    @BeforeEach
    void start(@TempDir Path directory) {
        leader = new TestStore(directory.resolve("1"), Role.LEADER);
        follower = new TestStore(directory.resolve("2"), Role.FOLLOWER);
        for (int i = 0; i < 5; i++) {
            assertThat(leader.put("k" + i, "v")).isEqualTo(Reply.OK);
        }
        lag = new FollowerLag(() -> follower.store().wal().position(), System::nanoTime);
        session = session();
        run.start(() -> session.stay());
    }

    private LeaderSession session() {
        return new LeaderSession(
                new FollowerIdentity(2, 5001, null, "hush", AN_HOUR, AN_HOUR, false, null),
                peer,
                follower.store(),
                run,
                state,
                lag,
                resyncs::add);
    }

    @AfterEach
    void stop() {
        run.stop(LAST);
        session.close();
        follower.close();
        leader.close();
    }

    @Test
    void whenTheLeaderAnswersThenItIsToldWhatIsHere() {
        await().until(() -> peer.hello().equals("HELLO FOLLOWER|2:hush\n"));
        greet();

        assertThat(state.state()).isEqualTo(LinkStatus.State.JOINING);
        assertThat(peer.said())
                .containsExactly(WireMessage.Status.of(follower.store().wal(), 5001));
    }

    @Test
    void whenTheAnswerComesInPiecesThenItIsUnderstood() {
        for (byte each : "HELLO LEADER\n".getBytes(StandardCharsets.UTF_8)) {
            session.received(ByteBuffer.wrap(new byte[] {each}));
        }
        assertThat(state.state()).isEqualTo(LinkStatus.State.JOINING);
    }

    @Test
    void whenTheAnswerIsAnotherThenTheLinkIsRefused() {
        hear("INVALID\n");

        assertThat(state.state()).isEqualTo(LinkStatus.State.REFUSED);
        assertThat(state.reason()).isEqualTo("it answered INVALID");
        assertThat(peer.said()).isEmpty();
    }

    @Test
    void whenAWholeLogCameThenItIsServedAndAcknowledged() {
        greet();
        WireMessage.Full full = full(Resync.Reason.NEW_FOLLOWER);
        sync(full);

        assertThat(state.state()).isEqualTo(LinkStatus.State.STREAMING);
        assertThat(state.reason()).isNull();
        assertThat(resyncs).containsExactly(new Resync.Full(Resync.Reason.NEW_FOLLOWER));
        assertThat(follower.store().digest()).isEqualTo(leader.store().digest());
        assertThat(session.receiver().syncing()).isNull();
        assertThat(lag.isCaughtUp()).isTrue();
        await().until(() -> peer.said().contains(new WireMessage.Ack(5)));
    }

    @Test
    void whenFramesCameThenTheyAreAppendedAndAcknowledged() {
        greet();
        sync(full(Resync.Reason.NEW_FOLLOWER));
        long before = leader.store().wal().position();
        leader.put("k5", "v");
        leader.put("k6", "v");
        hear(frames(before));

        await().until(() -> peer.said().contains(new WireMessage.Ack(7)));
        assertThat(session.receiver().isUseful()).isTrue();
        assertThat(follower.store().digest()).isEqualTo(leader.store().digest());
    }

    @Test
    void whenTheLeaderContinuesWhatIsHereThenItStreams() {
        greet();
        sync(full(Resync.Reason.NEW_FOLLOWER));
        reconnect();
        greet();
        Wal wal = leader.store().wal();
        hear(new WireMessage.Continue(wal.id(), wal.epoch(), 9));

        assertThat(state.state()).isEqualTo(LinkStatus.State.STREAMING);
        assertThat(resyncs).last().isEqualTo(new Resync.Continue(5));
        assertThat(lag.isCaughtUp()).isFalse();
        assertThat(lag.read().records()).isEqualTo(4);
    }

    @Test
    void whenFramesAreNotOnesThenTheConnectionIsGivenUp() {
        greet();
        sync(full(Resync.Reason.NEW_FOLLOWER));
        hear(new WireMessage.Data(ByteBuffer.wrap(new byte[100])));

        await().until(() -> state.reason() != null);
        session.close();
        assertThat(follower.store().wal().position()).isEqualTo(5);
    }

    @Test
    void whenTheLeaderContinuesWhatIsNotHereThenTheConnectionIsGivenUp() {
        greet();
        hear(new WireMessage.Continue(new LogId(UUID.randomUUID()), 1, 9));
        awaitGivenUp("the leader continues what is not here");
    }

    @Test
    void whenDataComeBeforeTheLeaderSaidWhichThenTheConnectionIsGivenUp() {
        greet();
        hear(frames(0));
        awaitGivenUp("the leader sent data before it said which");
        assertThat(follower.store().wal().position()).isZero();
    }

    @Test
    void whenTheLeaderSaysWhatOnlyAFollowerSaysThenTheConnectionIsGivenUp() {
        greet();
        hear(new WireMessage.Ack(1));
        awaitGivenUp("the leader sent what only a follower says");
    }

    @Test
    void whenASyncEndsThatDidNotBeginThenTheConnectionIsGivenUp() {
        greet();
        hear(new WireMessage.SyncDone());
        awaitGivenUp("the end of a sync that did not begin");
    }

    @Test
    void whenTheConnectionClosesInASyncThenWhatCameIsRemoved() {
        greet();
        hear(full(Resync.Reason.NEW_FOLLOWER));
        hear(new WireMessage.Data(ByteBuffer.wrap(new byte[10])));
        assertThat(state.state()).isEqualTo(LinkStatus.State.SYNCING);
        assertThat(session.receiver().syncing()).isNotNull();
        assertThat(follower.store().syncFile()).exists();

        session.close();

        assertThat(session.receiver().syncing()).isNull();
        assertThat(follower.store().syncFile()).doesNotExist();
        hear(new WireMessage.SyncDone());
        assertThat(resyncs).isEmpty();
    }

    @Test
    void whenTheLeaderIsEmptyThenThisNodeKeepsWhatItHas() {
        greet();
        sync(full(Resync.Reason.NEW_FOLLOWER));
        reconnect();
        greet();
        hear(
                new WireMessage.Full(
                        new LogId(UUID.randomUUID()), 1, 0, 100, Resync.Reason.OTHER_LOG));

        assertThat(state.state()).isEqualTo(LinkStatus.State.REFUSED);
        assertThat(state.reason()).contains("this node holds 5 keys");
        assertThat(follower.store().syncFile()).doesNotExist();
    }

    @Test
    void whenTheLeaderSaysGoodbyeAtOnceThenTheLinkIsRefused() {
        greet();
        hear(new WireMessage.Goodbye("too many"));

        assertThat(state.state()).isEqualTo(LinkStatus.State.REFUSED);
        assertThat(state.reason()).isEqualTo("too many");
    }

    @Test
    void whenTheLeaderSaysGoodbyeLaterThenItIsLookedForAgain() {
        greet();
        sync(full(Resync.Reason.NEW_FOLLOWER));
        hear(new WireMessage.Goodbye("it stops"));

        awaitGivenUp("it said goodbye: it stops");
    }

    @Test
    void whenTheLinkIsFrozenThenWhatComesIsDropped() {
        run.freeze();
        session.awaitAppended();
        greet();
        assertThat(peer.said()).isEmpty();
        assertThat(state.state()).isEqualTo(LinkStatus.State.CONNECTING);
    }

    @Test
    void whenTheConnectionBreaksBeforeAnAnswerThenTlsMayBeWhatLacks() {
        peer.close();
        await().until(
                        () -> {
                            run.wake();
                            return state.reason() != null;
                        });
        assertThat(state.reason()).contains("keyval.replication.tls.bundle");
    }

    @Test
    void whenTheLinkStopsThenTheLeaderHearsTheLastWord() {
        greet();
        sync(full(Resync.Reason.NEW_FOLLOWER));

        run.stop(LAST);

        assertThat(peer.said()).last().isEqualTo(new WireMessage.Goodbye("this follower stops"));
        assertThat(peer.isFinished()).isTrue();
    }

    @Test
    void whenTheLinkStopsBeforeItWasTakenInThenNothingIsSaid() {
        greet();
        run.stop(LAST);
        assertThat(peer.said()).hasSize(1);
        assertThat(peer.isFinished()).isFalse();
    }

    private void greet() {
        hear("HELLO LEADER\n");
    }

    private void hear(String line) {
        session.received(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
    }

    private void hear(WireMessage message) {
        session.received(ByteBuffer.wrap(WireCodec.encode(message)));
    }

    private WireMessage.Full full(Resync.Reason reason) {
        Wal wal = leader.store().wal();
        return new WireMessage.Full(wal.id(), wal.epoch(), wal.position(), wal.size(), reason);
    }

    /** The whole log of the leader comes. */
    private void sync(WireMessage.Full full) {
        hear(full);
        Resync.Follower nothing = new Resync.Follower(new LogId(UUID.randomUUID()), 0, 0);
        try (Feed feed = Feed.open(leader.store().wal(), nothing)) {
            while (feed.isSyncing()) {
                WireMessage next = feed.next();
                assertThat(next).isNotNull();
                hear(next);
            }
        }
    }

    /** What the leader holds behind a position. */
    private WireMessage frames(long position) {
        Wal wal = leader.store().wal();
        try (Feed feed = Feed.open(wal, new Resync.Follower(wal.id(), wal.epoch(), position))) {
            WireMessage next = feed.next();
            assertThat(next).isInstanceOf(WireMessage.Data.class);
            return next;
        }
    }

    private void reconnect() {
        session.close();
        run.stop(LAST);
        peer = new RecordingLeader();
        session = session();
        run.start(() -> session.stay());
    }

    private void awaitGivenUp(String reason) {
        await().until(
                        () ->
                                reason.equals(state.reason())
                                        && state.state() == LinkStatus.State.CONNECTING);
    }
}
