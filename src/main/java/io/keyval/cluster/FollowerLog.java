package io.keyval.cluster;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
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

    /** How many entries of a shard may be on their way to the disk, if their bytes are few. */
    static final int MAX_ENTRIES = 32_768;

    /** How long entries wait for those before them to make room. */
    private static final Duration ROOM = Duration.ofMillis(250);

    /** How long a snapshot waits; the leader does for 3 s. */
    private static final Duration SNAPSHOT = Duration.ofSeconds(2);

    /** Between two looks at what is forced. */
    private static final long LOOK_MILLIS = 1;

    private final RaftServer server;
    private final int maxBytes;
    private final Map<RaftGroupId, Group> groups = new ConcurrentHashMap<>();

    /**
     * The logs of a server.
     *
     * @param server which keeps them
     */
    FollowerLog(RaftServer server) {
        this.server = server;
        this.maxBytes =
                RaftServerConfigKeys.Log.queueByteLimit(server.getProperties()).getSizeInt();
    }

    /**
     * A group, as long as it is open.
     *
     * @param turn of who gives the log something
     * @param room in bytes, for what is on its way to the disk: where the queue of the log is full,
     *     Ratis answers no heartbeat
     * @param underWay messages that were not answered yet
     * @param settled done when all entries that the leaders sent are on disk, or were refused
     */
    private record Group(
            RaftServer.Division division,
            ReentrantLock turn,
            Semaphore room,
            AtomicInteger underWay,
            AtomicReference<CompletableFuture<?>> settled) {

        Group(RaftServer.Division division, int maxBytes) {
            this(
                    division,
                    new ReentrantLock(),
                    new Semaphore(maxBytes),
                    new AtomicInteger(),
                    new AtomicReference<>(CompletableFuture.completedFuture(null)));
        }

        RaftLog log() {
            return division.getRaftLog();
        }
    }

    /**
     * What the last entry of a message must be in the log.
     *
     * @param leaderTerm of who sent it
     */
    private record Sent(Group group, long term, long leaderTerm) {}

    /** Whether there is a message for a group that was not answered yet. */
    boolean isBusy(RaftGroupId id) {
        Group group = groups.get(id);
        return group != null && group.underWay().get() > 0;
    }

    /**
     * Has entries appended; a message without any goes past those that wait.
     *
     * @return completes when they are on disk, or when it is known why they are not, and not before
     *     those of the messages before it. Fails where they could not be appended, did not stay, or
     *     came from a leader of the past
     * @throws IOException where they could not be appended
     */
    CompletableFuture<AppendEntriesReplyProto> append(AppendEntriesRequestProto request)
            throws IOException {
        Group group = group(request.getServerRequest());
        group.underWay().incrementAndGet();
        CompletableFuture<AppendEntriesReplyProto> answer = null;
        try {
            answer =
                    request.getEntriesCount() == 0
                            ? server.appendEntriesAsync(request)
                            : appendWhereIsRoom(request, group);
            return answer.whenComplete((_, _) -> group.underWay().decrementAndGet());
        } finally {
            if (answer == null) {
                group.underWay().decrementAndGet();
            }
        }
    }

    private CompletableFuture<AppendEntriesReplyProto> appendWhereIsRoom(
            AppendEntriesRequestProto request, Group group) throws IOException {
        long bytes =
                request.getSerializedSize()
                        + (long) request.getEntriesCount() * (maxBytes / MAX_ENTRIES);
        int taken = (int) Math.min(bytes, maxBytes);
        try {
            if (!group.room().tryAcquire(taken, ROOM.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("entries before these are not on disk yet");
            }
        } catch (InterruptedException e) {
            throw stopping();
        }
        CompletableFuture<AppendEntriesReplyProto> answer = null;
        try {
            answer = appendInTurn(request, group);
            return answer.whenComplete((_, _) -> group.room().release(taken));
        } finally {
            if (answer == null) {
                group.room().release(taken);
            }
        }
    }

    private CompletableFuture<AppendEntriesReplyProto> appendInTurn(
            AppendEntriesRequestProto request, Group group) throws IOException {
        LogEntryProto last = request.getEntries(request.getEntriesCount() - 1);
        Sent sent = new Sent(group, last.getTerm(), request.getLeaderTerm());
        group.turn().lock();
        try {
            // What the log says is on disk may be of entries that make way for others, until all
            // that came before is done.
            CompletableFuture<AppendEntriesReplyProto> answer =
                    server.appendEntriesAsync(request)
                            .thenCombine(group.settled().get(), (reply, _) -> reply)
                            .thenCompose(reply -> whenForced(reply, sent));
            group.settled().set(answer.exceptionally(_ -> null));
            return answer;
        } finally {
            group.turn().unlock();
        }
    }

    private static CompletionStage<AppendEntriesReplyProto> whenForced(
            AppendEntriesReplyProto reply, Sent sent) {
        if (reply.getResult() != AppendResult.SUCCESS) {
            return CompletableFuture.completedFuture(reply);
        }
        long index = reply.getMatchIndex();
        requireHeld(index, sent);
        if (isForced(index, sent.group())) {
            return CompletableFuture.completedFuture(reply);
        }
        CompletableFuture<AppendEntriesReplyProto> answer = new CompletableFuture<>();
        Thread.ofVirtual()
                .name("keyval-forced")
                .start(
                        () -> {
                            try {
                                while (!isForced(index, sent.group())) {
                                    Thread.sleep(LOOK_MILLIS);
                                    requireHeld(index, sent);
                                }
                                answer.complete(reply);
                            } catch (RuntimeException | InterruptedException | Error e) {
                                answer.completeExceptionally(e);
                            }
                        });
        return answer;
    }

    private static boolean isForced(long index, Group group) {
        return group.log().getFlushIndex() >= index;
    }

    /** Where an entry is not there, the leader must not think that it is. */
    private static void requireHeld(long index, Sent sent) {
        RaftServer.Division division = sent.group().division();
        if (!division.getInfo().isAlive()) {
            throw refused("the log was closed before entry %d was forced", index);
        }
        RaftLog log = division.getRaftLog();
        TermIndex held = log.getTermIndex(index);
        // What a snapshot has taken the place of was committed.
        if (held == null ? index > log.getLastCommittedIndex() : held.getTerm() != sent.term()) {
            throw refused("entry %d did not stay in the log", index);
        }
        // A vote for a later leader says that there is no more of this one's in the log.
        if (division.getInfo().getCurrentTerm() != sent.leaderTerm()) {
            throw refused("entry %d is of a leader of the past", index);
        }
    }

    private static CompletionException refused(String message, long index) {
        return new CompletionException(new IOException(message.formatted(index)));
    }

    /**
     * Takes a part of a snapshot, when all entries that came before are on disk, those too that
     * this node wrote as a leader: those that are on their way when a snapshot takes their place
     * are never heard of again.
     *
     * @throws IOException if it was not taken
     */
    InstallSnapshotReplyProto install(InstallSnapshotRequestProto request) throws IOException {
        Group group = group(request.getServerRequest());
        group.underWay().incrementAndGet();
        try {
            return installInTurn(request, group);
        } catch (InterruptedException e) {
            throw stopping();
        } finally {
            group.underWay().decrementAndGet();
        }
    }

    private InstallSnapshotReplyProto installInTurn(
            InstallSnapshotRequestProto request, Group group)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + SNAPSHOT.toNanos();
        while (group.turn().tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            try {
                if (group.settled().get().isDone()
                        && isForced(group.log().getNextIndex() - 1, group)) {
                    return server.installSnapshot(request);
                }
            } finally {
                group.turn().unlock();
            }
            if (System.nanoTime() - deadline > 0) {
                break;
            }
            Thread.sleep(LOOK_MILLIS);
        }
        throw new IOException("entries before the snapshot are not on disk yet");
    }

    private static IOException stopping() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("the server stops");
    }

    private Group group(RaftRpcRequestProto request) throws IOException {
        RaftGroupId id = RaftGroupId.valueOf(request.getRaftGroupId().getId());
        RaftServer.Division division = server.getDivision(id);
        return groups.compute(
                id,
                (_, known) ->
                        known != null && known.division() == division
                                ? known
                                : new Group(division, maxBytes));
    }
}
