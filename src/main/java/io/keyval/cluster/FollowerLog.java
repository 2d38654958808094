package io.keyval.cluster;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
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
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;

/**
 * What a leader sends to the logs of this node, taken one message of a shard after the other, and
 * answered when it is true: the entries are in the log, of the term they were sent with, and forced
 * (Ongaro, Ousterhout: In Search of an Understandable Consensus Algorithm, 2014, figure 2,
 * AppendEntries).
 *
 * <p>Ratis by itself, at 3.3.0, relies on messages that come in turn, as they do while the leader
 * and the connections stay the same. Behind a new connection or another leader two threads may
 * bring entries at once, and entries come a second time while they are still on their way to the
 * disk. It would then answer for entries that are not forced, or not there, or of another term; or
 * fail, and fail for all entries that come after. Thread-safe.
 */
final class FollowerLog {

    /**
     * How long entries may be on their way to the disk before the leader has to send them again.
     */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final long LOOK = TimeUnit.MICROSECONDS.toNanos(200);

    private final RaftServer server;
    private final Map<RaftGroupId, ReentrantLock> turns = new ConcurrentHashMap<>();

    /**
     * The logs of a server.
     *
     * @param server which keeps them
     */
    FollowerLog(RaftServer server) {
        this.server = server;
    }

    /**
     * Has entries appended; a message without any goes past those that wait.
     *
     * @return completes when they are on disk, or when it is known why they are not. Where they
     *     could not be appended, or did not stay, it fails, and the leader has to send them again
     * @throws IOException likewise
     */
    CompletableFuture<AppendEntriesReplyProto> append(AppendEntriesRequestProto request)
            throws IOException {
        if (request.getEntriesCount() == 0) {
            return server.appendEntriesAsync(request);
        }
        RaftServer.Division division = division(request.getServerRequest());
        long term = request.getEntries(request.getEntriesCount() - 1).getTerm();
        ReentrantLock turn = turn(division);
        turn.lock();
        try {
            // Entries that are there already are being written, or make way for these: until that
            // is done, the log cannot say what is on disk.
            boolean overlaps =
                    request.getEntries(0).getIndex() < division.getRaftLog().getNextIndex();
            CompletableFuture<AppendEntriesReplyProto> answer =
                    server.appendEntriesAsync(request)
                            .thenApply(reply -> whenTrue(reply, term, division));
            if (overlaps) {
                await(answer);
            }
            return answer;
        } finally {
            turn.unlock();
        }
    }

    /**
     * Takes a part of a snapshot, when all entries that came before are on disk: those that are on
     * their way when a snapshot takes their place are never heard of again.
     *
     * @throws IOException if it was not taken
     */
    InstallSnapshotReplyProto install(InstallSnapshotRequestProto request) throws IOException {
        RaftServer.Division division = division(request.getServerRequest());
        ReentrantLock turn = turn(division);
        turn.lock();
        try {
            awaitForced(division.getRaftLog().getNextIndex() - 1, division);
            return server.installSnapshot(request);
        } finally {
            turn.unlock();
        }
    }

    private RaftServer.Division division(RaftRpcRequestProto request) throws IOException {
        ByteString id = request.getRaftGroupId().getId();
        return server.getDivision(RaftGroupId.valueOf(id));
    }

    private ReentrantLock turn(RaftServer.Division division) {
        return turns.computeIfAbsent(division.getMemberId().getGroupId(), _ -> new ReentrantLock());
    }

    private static AppendEntriesReplyProto whenTrue(
            AppendEntriesReplyProto reply, long term, RaftServer.Division division) {
        if (reply.getResult() != AppendResult.SUCCESS) {
            return reply;
        }
        long index = reply.getMatchIndex();
        try {
            awaitForced(index, division);
            RaftLog log = division.getRaftLog();
            TermIndex held = log.getTermIndex(index);
            // What a snapshot has taken the place of was committed.
            boolean there =
                    held == null ? index <= log.getLastCommittedIndex() : held.getTerm() == term;
            if (!there) {
                throw new IOException(
                        "entry %d of term %d did not stay in the log".formatted(index, term));
            }
            return reply;
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    private static void awaitForced(long index, RaftServer.Division division) throws IOException {
        RaftLog log = division.getRaftLog();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (log.getFlushIndex() < index) {
            if (!division.getInfo().isAlive() || System.nanoTime() - deadline > 0) {
                throw new IOException("entry %d is not on disk".formatted(index));
            }
            LockSupport.parkNanos(LOOK);
            if (Thread.interrupted()) {
                throw interrupted();
            }
        }
    }

    /** Waits for an answer, whatever it is. */
    private static void await(CompletableFuture<AppendEntriesReplyProto> answer)
            throws IOException {
        try {
            answer.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            // Whoever gets the answer gets this.
        } catch (TimeoutException e) {
            throw new IOException("entries are on their way to the disk for too long", e);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private static IOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("the server stops");
    }
}
