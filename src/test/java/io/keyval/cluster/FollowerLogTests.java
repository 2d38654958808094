package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
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

    private static final int ROUNDS = 5_000;

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
        assertMatch(node.send(1, 0, 0, 2), 1);
        node.holdTheDisk();
        CompletableFuture<AppendEntriesReplyProto> first = node.send(1, 1, 2, 2);
        Sending again = new Sending(() -> node.send(1, 1, 2, 2));
        again.awaitWaiting();

        assertThat(first).isNotDone();
        assertThat(again.isAnswered()).isFalse();

        node.letTheDiskGo();
        assertMatch(first, 3);
        assertMatch(again.sent(), 3);
    }

    @Test
    void whenMoreComesWithThemThenAllOfItIsInTheLogWhenItIsAnswered() throws Exception {
        assertMatch(node.send(1, 0, 0, 2), 1);
        node.holdTheDisk();
        node.send(1, 1, 2, 1);
        Sending more = new Sending(() -> node.send(1, 1, 2, 3));
        more.awaitWaiting();
        node.letTheDiskGo();

        assertMatch(more.sent(), 4);
        assertThat(log.getLastEntryTermIndex()).isEqualTo(TermIndex.valueOf(1, 4));
        assertThat(log.getFlushIndex()).isEqualTo(4);
    }

    @Test
    void whenAnotherLeaderHasAnotherEntryThereThenItsOwnIsInTheLogWhenItIsAnswered()
            throws Exception {
        assertMatch(node.send(1, 0, 0, 2), 1);
        node.holdTheDisk();
        node.send(1, 1, 2, 3);
        Sending other = new Sending(() -> node.send(2, 1, 2, 1));
        other.awaitWaiting();
        node.letTheDiskGo();

        assertMatch(other.sent(), 2);
        assertThat(log.getLastEntryTermIndex()).isEqualTo(TermIndex.valueOf(2, 2));
        assertMatch(node.send(2, 2, 3, 2), 4);
    }

    @Test
    void whenTwoConnectionsBringTheSameThenNothingIsAnsweredThatIsNotThereAndAllGoesOn()
            throws Exception {
        assertMatch(node.send(1, 0, 0, 1), 0);
        for (int round = 0; round < ROUNDS; round++) {
            long next = log.getNextIndex();
            int count = 1 + round % 4;
            CyclicBarrier together = new CyclicBarrier(2);
            Sending one = new Sending(() -> sendAll(together, next, 2 * count, 1));
            Sending other = new Sending(() -> sendAll(together, next, count, 2));
            one.sent().get(10, TimeUnit.SECONDS);
            other.sent().get(10, TimeUnit.SECONDS);
        }
        assertMatch(node.send(1, 1, log.getNextIndex(), 1), log.getNextIndex() - 1);
    }

    @Test
    void whenASnapshotComesThenWhatIsOnItsWayToTheDiskComesFirst() throws Exception {
        assertMatch(node.send(1, 0, 0, 2), 1);
        node.holdTheDisk();
        CompletableFuture<AppendEntriesReplyProto> before = node.send(1, 1, 2, 2);
        Sending snapshot =
                new Sending(
                        () -> {
                            node.sendSnapshot(0, 0);
                            return CompletableFuture.completedFuture(null);
                        });
        snapshot.awaitWaiting();
        assertThat(snapshot.isAnswered()).isFalse();

        node.letTheDiskGo();
        assertMatch(before, 3);
        snapshot.sent();
    }

    /** Sends messages that follow each other, and looks at each answer when it comes. */
    private CompletableFuture<AppendEntriesReplyProto> sendAll(
            CyclicBarrier together, long first, int messages, int entries) throws Exception {
        together.await();
        List<CompletableFuture<AppendEntriesReplyProto>> answers = new ArrayList<>();
        for (int i = 0; i < messages; i++) {
            answers.add(
                    node.send(1, 1, first + (long) i * entries, entries)
                            .thenApply(this::assertForced));
        }
        CompletableFuture<AppendEntriesReplyProto> last = answers.getLast();
        return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .thenCompose(_ -> last);
    }

    private AppendEntriesReplyProto assertForced(AppendEntriesReplyProto reply) {
        if (reply.getResult() == AppendResult.SUCCESS) {
            assertThat(log.getFlushIndex()).isGreaterThanOrEqualTo(reply.getMatchIndex());
        }
        return reply;
    }

    private static void assertMatch(CompletableFuture<AppendEntriesReplyProto> answer, long match)
            throws Exception {
        AppendEntriesReplyProto reply = answer.get(10, TimeUnit.SECONDS);
        assertThat(reply.getResult()).isEqualTo(AppendResult.SUCCESS);
        assertThat(reply.getMatchIndex()).isEqualTo(match);
    }

    /** What a connection brings, by a thread of its own. */
    private static final class Sending {

        private final FutureTask<CompletableFuture<AppendEntriesReplyProto>> task;
        private final Thread thread;

        Sending(Callable<CompletableFuture<AppendEntriesReplyProto>> what) {
            task = new FutureTask<>(what);
            thread = Thread.ofPlatform().daemon().start(task);
        }

        /** Returns when it is held up, or is not. */
        void awaitWaiting() {
            await().until(() -> task.isDone() || thread.getState() == Thread.State.TIMED_WAITING);
        }

        boolean isAnswered() throws Exception {
            return task.isDone() && task.get().isDone();
        }

        CompletableFuture<AppendEntriesReplyProto> sent() throws Exception {
            return task.get(30, TimeUnit.SECONDS);
        }
    }
}
