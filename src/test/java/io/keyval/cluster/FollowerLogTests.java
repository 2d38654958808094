package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a follower answers to leaders that send as no quiet network would have it. */
class FollowerLogTests {

    private static final int ROUNDS = 1_000;

    private FollowingNode node;
    private RaftLog log;

    @BeforeEach
    void open(@TempDir Path directory) throws IOException {
        node = new FollowingNode(directory, Duration.ofMinutes(1));
        log = node.log();
    }

    @AfterEach
    void close() throws IOException {
        node.close();
    }

    @Test
    void whenEntriesComeAgainOnTheirWayToTheDiskThenTheyAreAnsweredWhenTheyAreThere()
            throws Exception {
        assertMatch(send(1, 0, 0, 2), 1);
        node.holdTheDisk();
        CompletableFuture<AppendEntriesReplyProto> first = send(1, 1, 2, 2);
        CompletableFuture<AppendEntriesReplyProto> again = send(1, 1, 2, 2);
        assertThat(node.logs().isBusy(node.division().getMemberId().getGroupId())).isTrue();

        node.letTheDiskGo();
        assertMatch(first, 3);
        assertMatch(again, 3);
        assertThat(node.logs().isBusy(node.division().getMemberId().getGroupId())).isFalse();
    }

    @Test
    void whenMoreComesWithThemThenAllOfItIsInTheLogWhenItIsAnswered() throws Exception {
        assertMatch(send(1, 0, 0, 2), 1);
        node.holdTheDisk();
        send(1, 1, 2, 1);
        CompletableFuture<AppendEntriesReplyProto> more = send(1, 1, 2, 3);
        node.letTheDiskGo();

        assertMatch(more, 4);
        assertThat(log.getLastEntryTermIndex()).isEqualTo(TermIndex.valueOf(1, 4));
    }

    @Test
    void whenAnotherLeaderHasOtherEntriesThereThenItsOwnAreInTheLogWhenTheyAreAnswered()
            throws Exception {
        assertMatch(send(1, 0, 0, 5), 4);
        node.holdTheDisk();
        CompletableFuture<AppendEntriesReplyProto> first = send(1, 1, 5, 3);
        CompletableFuture<AppendEntriesReplyProto> other = send(2, 1, 2, 1);
        CompletableFuture<AppendEntriesReplyProto> again = send(2, 1, 2, 1);
        // The log says of the entries that made way that they are forced.
        assertThat(log.getFlushIndex()).isEqualTo(4);
        assertThat(log.getLastEntryTermIndex()).isEqualTo(TermIndex.valueOf(2, 2));
        assertStaysUnanswered(again);

        node.letTheDiskGo();
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> first.get(10, TimeUnit.SECONDS))
                .withMessageContaining("did not stay");
        assertMatch(other, 2);
        assertMatch(again, 2);
        assertThat(log.getLastEntryTermIndex()).isEqualTo(TermIndex.valueOf(2, 2));
        assertMatch(send(2, 2, 3, 2), 4);
    }

    @Test
    void whenThisNodeHasVotedForALaterLeaderThenTheOneBeforeIsNotAnswered() throws Exception {
        assertMatch(send(1, 0, 0, 2), 1);
        node.holdTheDisk();
        CompletableFuture<AppendEntriesReplyProto> late = send(1, 1, 2, 1);
        assertThat(node.vote(2, 1, 2)).isTrue();
        node.letTheDiskGo();

        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> late.get(10, TimeUnit.SECONDS))
                .withMessageContaining("leader of the past");
        assertMatch(send(2, 1, 3, 1), 3);
    }

    @Test
    void whenTwoConnectionsBringTheSameThenNothingIsAnsweredThatIsNotThereAndAllGoesOn()
            throws Exception {
        assertMatch(send(1, 0, 0, 1), 0);
        for (int round = 0; round < ROUNDS; round++) {
            long next = log.getNextIndex();
            int count = 1 + round % 4;
            CyclicBarrier together = new CyclicBarrier(2);
            var one = connect(together, next, 2 * count, 1);
            var other = connect(together, next, count, 2);
            one.get(30, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
            other.get(30, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
        assertMatch(send(1, 1, log.getNextIndex(), 1), log.getNextIndex() - 1);
    }

    @Test
    void whenASnapshotComesThenWhatIsOnItsWayToTheDiskComesFirst() throws Exception {
        assertMatch(send(1, 0, 0, 2), 1);
        node.holdTheDisk();
        CompletableFuture<AppendEntriesReplyProto> before = send(1, 1, 2, 2);
        FutureTask<Boolean> snapshot =
                new FutureTask<>(
                        () -> {
                            node.sendSnapshot(0, 0);
                            return log.getFlushIndex() >= 3;
                        });
        Thread sender = Thread.ofPlatform().daemon().start(snapshot);
        await().until(() -> snapshot.isDone() || sender.getState() == Thread.State.TIMED_WAITING);
        node.letTheDiskGo();

        assertThat(snapshot.get(30, TimeUnit.SECONDS)).isTrue();
        assertMatch(before, 3);
    }

    @Test
    void whenTheDiskHangsThenNoMoreIsTakenThanThereIsRoomForAndTheLeaderIsHeard() throws Exception {
        assertMatch(send(1, 0, 0, 1), 0);
        node.holdTheDisk();
        List<CompletableFuture<?>> taken = new ArrayList<>();
        assertThatIOException()
                .isThrownBy(
                        () -> {
                            while (log.getNextIndex() <= 2 * FollowerLog.MAX_ENTRIES) {
                                taken.add(send(1, 1, log.getNextIndex(), 1_000));
                            }
                        })
                .withMessageContaining("not on disk yet");
        assertMatch(send(1, 1, log.getNextIndex(), 0), -1);

        node.letTheDiskGo();
        CompletableFuture.allOf(taken.toArray(CompletableFuture[]::new)).get(1, TimeUnit.MINUTES);
        assertMatch(send(1, 1, log.getNextIndex(), 1), log.getNextIndex() - 1);
    }

    /** Sends messages that follow each other, as soon as the other connection does. */
    private Future<CompletableFuture<?>> connect(
            CyclicBarrier together, long first, int messages, int entries) {
        FutureTask<CompletableFuture<?>> sending =
                new FutureTask<>(
                        () -> {
                            together.await();
                            List<CompletableFuture<?>> answers = new ArrayList<>();
                            for (int i = 0; i < messages; i++) {
                                answers.add(send(1, 1, first + (long) i * entries, entries));
                            }
                            return CompletableFuture.allOf(
                                    answers.toArray(CompletableFuture[]::new));
                        });
        Thread.ofPlatform().daemon().start(sending);
        return sending;
    }

    /** Sends entries; the answer fails where it says of any that is not forced that it is. */
    private CompletableFuture<AppendEntriesReplyProto> send(
            long term, long previousTerm, long first, int count) throws IOException {
        return node.send(term, previousTerm, first, count)
                .thenApply(
                        reply -> {
                            if (reply.getResult() == AppendResult.SUCCESS) {
                                assertThat(log.getFlushIndex())
                                        .isGreaterThanOrEqualTo(reply.getMatchIndex());
                            }
                            return reply;
                        });
    }

    private static void assertStaysUnanswered(CompletableFuture<?> answer) {
        await().during(Duration.ofMillis(200)).until(() -> !answer.isDone());
    }

    private static void assertMatch(CompletableFuture<AppendEntriesReplyProto> answer, long match)
            throws Exception {
        AppendEntriesReplyProto reply = answer.get(10, TimeUnit.SECONDS);
        assertThat(reply.getResult()).isEqualTo(AppendResult.SUCCESS);
        assertThat(reply.getMatchIndex()).isEqualTo(match);
    }
}
