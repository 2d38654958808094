package io.keyval.cluster;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;

/**
 * What a leader sends to the logs of this node, taken one message of a shard after the other, and
 * answered when it is true: the entries are in the log, of the term they were sent with, and
 * forced, and there is no later leader (Ongaro, Ousterhout: In Search of an Understandable
 * Consensus Algorithm, 2014, figure 2, AppendEntries).
 *
 * <p>Ratis by itself, at 3.3.0, relies on messages that come in turn, as they do while the leader
 * and the connections stay the same. Behind a new connection or another leader two threads may
 * bring entries at once, and entries come a second time while they are still on their way to the
 * disk. It would then answer for entries that are not forced, or not there, or of another term; or
 * fail, and fail for all entries that come after. Thread-safe.
 */
final class FollowerLog {

    /** How long a snapshot waits for entries that are on their way to the disk. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Between two looks at what is forced. */
    private static final long LOOK_MILLIS = 1;

    private final RaftServer server;
    private final Map<RaftGroupId, Group> groups = new ConcurrentHashMap<>();

    /**
     * The logs of a server.
     *
     * @param server which keeps them
     */
    FollowerLog(RaftServer server) {
        this.server = server;
    }

    /** A group, as long as it is open. */
    private static final class Group {

        final RaftServer.Division division;
        final ReentrantLock turn = new ReentrantLock();

        /** Messages that were not answered yet. */
        final AtomicInteger underWay = new AtomicInteger();

        /**
         * Completes when the log has done all that it was given: until then what it says of its
         * entries on disk may be of those that make way for others.
         */
        CompletableFuture<?> settled = CompletableFuture.completedFuture(null);

        Group(RaftServer.Division division) {
            this.division = division;
        }

        boolean isAlive() {
            return division.getInfo().isAlive();
        }
    }

    /** Whether there is a message for a group that was not answered yet. */
    boolean isBusy(RaftGroupId id) {
        Group group = groups.get(id);
        return group != null && group.underWay.get() > 0;
    }

    /**
     * Has entries appended; a message without any goes past those that wait.
     *
     * @return completes when they are on disk, or when it is known why they are not. Fails where
     *     they could not be appended, did not stay, or came from a leader of the past
     * @throws IOException where they could not be appended
     */
    CompletableFuture<AppendEntriesReplyProto> append(AppendEntriesRequestProto request)
            throws IOException {
        Group group = group(request.getServerRequest());
        group.underWay.incrementAndGet();
        CompletableFuture<AppendEntriesReplyProto> answer = null;
        try {
            answer =
                    request.getEntriesCount() == 0
                            ? server.appendEntriesAsync(request)
                            : appendInTurn(request, group);
            return answer.whenComplete((_, _) -> group.underWay.decrementAndGet());
        } finally {
            if (answer == null) {
                group.underWay.decrementAndGet();
            }
        }
    }

    private CompletableFuture<AppendEntriesReplyProto> appendInTurn(
            AppendEntriesRequestProto request, Group group) throws IOException {
        CompletableFuture<AppendEntriesReplyProto> answer;
        CompletableFuture<?> before;
        group.turn.lock();
        try {
            before = group.settled;
            answer = server.appendEntriesAsync(request);
            group.settled = CompletableFuture.allOf(before, answer).exceptionally(_ -> null);
        } finally {
            group.turn.unlock();
        }
        return answer.thenCombine(before, (reply, _) -> reply)
                .thenCompose(
                        reply ->
                                reply.getResult() == AppendResult.SUCCESS
                                        ? whenForced(reply, request, group)
                                        : CompletableFuture.completedFuture(reply));
    }

    private static CompletionStage<AppendEntriesReplyProto> whenForced(
            AppendEntriesReplyProto reply, AppendEntriesRequestProto request, Group group) {
        if (group.division.getRaftLog().getFlushIndex() >= reply.getMatchIndex()) {
            requireHeld(reply, request, group);
            return CompletableFuture.completedFuture(reply);
        }
        CompletableFuture<AppendEntriesReplyProto> answer = new CompletableFuture<>();
        Thread.ofVirtual()
                .name("keyval-forced")
                .start(
                        () -> {
                            try {
                                awaitForced(reply.getMatchIndex(), group);
                                requireHeld(reply, request, group);
                                answer.complete(reply);
                            } catch (RuntimeException | InterruptedException | Error e) {
                                answer.completeExceptionally(e);
                            }
                        });
        return answer;
    }

    private static void awaitForced(long index, Group group) throws InterruptedException {
        while (group.division.getRaftLog().getFlushIndex() < index) {
            if (!group.isAlive()) {
                throw refused("entry %d was not forced before the log was closed", index);
            }
            Thread.sleep(LOOK_MILLIS);
        }
    }

    /** Where an entry is not there, the leader must not think that it is. */
    private static void requireHeld(
            AppendEntriesReplyProto reply, AppendEntriesRequestProto request, Group group) {
        long index = reply.getMatchIndex();
        long sent = request.getEntries(request.getEntriesCount() - 1).getTerm();
        RaftLog log = group.division.getRaftLog();
        TermIndex held = log.getTermIndex(index);
        // What a snapshot has taken the place of was committed.
        if (held == null ? index > log.getLastCommittedIndex() : held.getTerm() != sent) {
            throw refused("entry %d did not stay in the log", index);
        }
        // A vote for a later leader says that there is no more of this one's in the log.
        if (group.division.getInfo().getCurrentTerm() != request.getLeaderTerm()) {
            throw refused("entry %d is of a leader of the past", index);
        }
    }

    private static CompletionException refused(String message, long index) {
        return new CompletionException(new IOException(message.formatted(index)));
    }

    /**
     * Takes a part of a snapshot, when all entries that came before are on disk: those that are on
     * their way when a snapshot takes their place are never heard of again.
     *
     * @throws IOException if it was not taken
     */
    InstallSnapshotReplyProto install(InstallSnapshotRequestProto request) throws IOException {
        Group group = group(request.getServerRequest());
        group.underWay.incrementAndGet();
        try {
            lockSettled(group);
            try {
                return server.installSnapshot(request);
            } finally {
                group.turn.unlock();
            }
        } finally {
            group.underWay.decrementAndGet();
        }
    }

    private static void lockSettled(Group group) throws IOException {
        while (true) {
            group.turn.lock();
            CompletableFuture<?> settled = group.settled;
            if (settled.isDone()) {
                return;
            }
            group.turn.unlock();
            try {
                settled.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
            } catch (ExecutionException | TimeoutException e) {
                throw new IOException("entries before the snapshot are not on disk", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("the server stops");
            }
        }
    }

    private Group group(RaftRpcRequestProto request) throws IOException {
        RaftGroupId id = RaftGroupId.valueOf(request.getRaftGroupId().getId());
        RaftServer.Division division = server.getDivision(id);
        return groups.compute(
                id,
                (_, known) ->
                        known != null && known.division == division ? known : new Group(division));
    }
}
