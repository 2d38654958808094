package io.keyval.cluster;

import io.keyval.store.MemoryBudget;
import io.keyval.store.Replica;
import io.keyval.wal.WalEvents;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SnapshotManagementRequest;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shard as Ratis sees it: the replica that the entries of the Raft log are applied to, and its
 * snapshots.
 *
 * <p>Ratis applies on one thread. A snapshot is written by a thread of its own while applies go on,
 * and is told to Ratis when it is whole; only then Ratis removes what stands before it in the log.
 */
final class KeyspaceStateMachine extends BaseStateMachine {

    /** What a state machine tells the node of itself. Calls must return soon. */
    interface Owner {

        /** Another node leads from now on, as far as this one knows. */
        void leaderChanged(String leader);

        /** This node leads and may take writes. */
        void leaderReady();

        /** The nodes of the group are others from now on. */
        void membersChanged();

        /** The shard cannot go on here, for a reason that is a sentence. */
        void failed(String reason);

        /**
         * The log of the shard cannot be written any more, for a reason that is part of a sentence.
         */
        void logFailed(String reason);

        /** Answers a message of another node. */
        CompletableFuture<byte[]> ask(ByteBuffer message);

        /** These parts of an entry will not be executed here: it lost its place in the log. */
        void lost(Entry entry);

        /** Whether this entry is in the log is not known any more. */
        void unknown(Entry entry);

        /** An entry was executed, and its parts are answered. */
        void applied(Entry entry);
    }

    private static final Logger log = LoggerFactory.getLogger(KeyspaceStateMachine.class);

    /** How long the thread of a log that failed waits for its group to be closed. */
    private static final Duration CLOSING = Duration.ofSeconds(10);

    private static final long LOOK = Duration.ofMillis(1).toNanos();

    private static final CompletableFuture<Message> DONE =
            CompletableFuture.completedFuture(Message.EMPTY);

    private final String name;
    private final MemoryBudget budget;
    private final Owner owner;
    private final ClientId clientId;
    private final PendingEntries pending;
    private final SnapshotStorage snapshots = new SnapshotStorage();
    private final SnapshotWriter writer;

    private volatile Replica replica;
    private volatile @Nullable RaftStorage storage;
    private volatile boolean closed;

    /**
     * A state machine without data.
     *
     * @param name of the shard, for people
     * @param snapshotThreshold bytes of entries behind a snapshot after which the next one is
     *     written
     * @param clientId of this process, in all that it submits
     */
    KeyspaceStateMachine(
            String name,
            MemoryBudget budget,
            long snapshotThreshold,
            ClientId clientId,
            Owner owner) {
        this.name = name;
        this.budget = budget;
        this.clientId = clientId;
        this.owner = owner;
        this.pending =
                new PendingEntries(
                        () -> getLastAppliedTermIndex().getIndex(), owner::lost, owner::unknown);
        this.writer =
                new SnapshotWriter(
                        name,
                        snapshotThreshold,
                        snapshots,
                        data -> !closed && data == replica,
                        this::announce);
        this.replica = new Replica(budget);
    }

    /** The data as it is now. It is closed when a snapshot of another node takes its place. */
    Replica replica() {
        return replica;
    }

    /** The index of the latest snapshot; 0 when there is none. */
    long snapshotIndex() {
        SingleFileSnapshotInfo latest = snapshots.getLatestSnapshot();
        return latest == null ? 0 : latest.getIndex();
    }

    @Override
    public void initialize(RaftServer server, RaftGroupId groupId, RaftStorage storage)
            throws IOException {
        super.initialize(server, groupId, storage);
        this.storage = storage;
        getLifeCycle()
                .startAndTransition(
                        () -> {
                            snapshots.init(storage);
                            SingleFileSnapshotInfo latest = snapshots.getLatestSnapshot();
                            if (latest != null) {
                                load(latest);
                            }
                        },
                        IOException.class);
    }

    private void load(SingleFileSnapshotInfo snapshot) {
        Replica loaded = Replica.load(snapshot.getFile().getPath(), budget, WalEvents.NONE);
        Replica before = replica;
        replica = loaded;
        before.close();
        // Before anybody sees the index, or takes what is in the snapshot for lost.
        pending.forgetUpTo(snapshot.getIndex());
        setLastAppliedTermIndex(snapshot.getTermIndex());
        writer.restart();
    }

    @Override
    public void pause() {
        snapshots.forceReceived();
        getLifeCycle().transition(LifeCycle.State.PAUSING);
        getLifeCycle().transition(LifeCycle.State.PAUSED);
    }

    @Override
    public void reinitialize() throws IOException {
        getLifeCycle()
                .startAndTransition(
                        () -> {
                            try {
                                takeOver();
                            } catch (RuntimeException | Error e) {
                                // Ratis closes the group without a word.
                                owner.failed(
                                        "%s ended here: a snapshot of the leader could not be taken over (%s)"
                                                .formatted(name, ClusterException.reason(e)));
                                throw e;
                            }
                        },
                        IOException.class);
    }

    private void takeOver() {
        snapshots.forceNames();
        SingleFileSnapshotInfo latest = snapshots.loadLatestSnapshot();
        if (latest != null) {
            load(latest);
            log.info(
                    "{}: took over a snapshot up to index {} from the leader",
                    name,
                    latest.getIndex());
        }
    }

    @Override
    public SnapshotStorage getStateMachineStorage() {
        return snapshots;
    }

    /** Gives an entry its place among those that are under way through the log. */
    Submitted prepare(Entry entry) {
        return pending.add(entry, replica);
    }

    /** Forgets an entry that the log did not take. */
    void withdraw(Submitted prepared) {
        pending.remove(prepared.entry().id());
    }

    /** Watches an entry whose fate is open: it is applied, or something else is in its place. */
    void doubt() {
        pending.doubt();
    }

    @Override
    public TransactionContext startTransaction(RaftClientRequest request) throws IOException {
        Submitted ours =
                request.getClientId().equals(clientId) ? pending.find(request.getCallId()) : null;
        if (ours == null) {
            throw new IOException("Only this node itself gives entries to its log.");
        }
        return TransactionContext.newBuilder()
                .setStateMachine(this)
                .setClientRequest(request)
                .setLogData(request.getMessage().getContent())
                .setStateMachineContext(ours)
                .build();
    }

    @Override
    public TransactionContext preAppendTransaction(TransactionContext transaction) {
        if (transaction.getStateMachineContext() instanceof Submitted ours) {
            ours.appending(transaction);
        }
        return transaction;
    }

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
        LogEntryProto entry = transaction.getLogEntry();
        StateMachineLogEntryProto body = entry.getStateMachineLogEntry();
        ByteString data = body.getLogData();
        try {
            Submitted ours = isOurs(body) ? pending.remove(body.getCallId()) : null;
            if (ours != null) {
                ours.execute(replica);
                owner.applied(ours.entry());
            } else {
                ByteBuffer records = data.asReadOnlyByteBuffer();
                int count = EntryCodec.count(records);
                replica.apply(records, count);
            }
        } catch (RuntimeException | Error e) {
            owner.failed(
                    "%s ended here: entry %d could not be applied (%s)"
                            .formatted(name, entry.getIndex(), e.getMessage()));
            throw e;
        }
        updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
        pending.loseUpTo(entry.getIndex());
        writer.applied(data.size(), getLastAppliedTermIndex(), replica);
        return DONE;
    }

    private boolean isOurs(StateMachineLogEntryProto body) {
        return body.getClientId().equals(clientId.toByteString());
    }

    @Override
    public void notifyTermIndexUpdated(long term, long index) {
        super.notifyTermIndexUpdated(term, index);
        pending.loseUpTo(index);
    }

    /** Has Ratis ask for the finished snapshot, so that it removes the log before it. */
    private void announce() {
        RaftServer server = getServer().join();
        server.snapshotManagementAsync(
                        SnapshotManagementRequest.newCreate(
                                clientId, server.getId(), getGroupId(), 0, 10_000, 1))
                .exceptionally(
                        e -> {
                            log.debug("{}: the snapshot was not taken", name, e);
                            return null;
                        });
    }

    /** Answers the latest finished snapshot: Ratis calls this when there is one. */
    @Override
    public long takeSnapshot() {
        return writer.publish();
    }

    @Override
    public CompletableFuture<Message> queryStale(Message request, long minIndex) {
        CompletableFuture<byte[]> answer;
        try {
            answer = owner.ask(request.getContent().asReadOnlyByteBuffer());
        } catch (RuntimeException e) {
            log.warn("{}: a message of another node was not understood: {}", name, e.getMessage());
            answer = CompletableFuture.completedFuture(new byte[0]);
        }
        return answer.thenApply(bytes -> Message.valueOf(UnsafeByteOperations.unsafeWrap(bytes)));
    }

    @Override
    public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
        owner.leaderChanged(leader.toString());
    }

    @Override
    public void notifyLeaderReady() {
        owner.leaderReady();
    }

    @Override
    public void notifyConfigurationChanged(
            long term, long index, RaftConfigurationProto configuration) {
        owner.membersChanged();
    }

    @Override
    public void notifyLogFailed(Throwable cause, LogEntryProto entry) {
        if (closed) {
            return;
        }
        LogError error = LogError.of(cause);
        if (error.isForWantOfRoom()) {
            owner.logFailed(error.reason());
        } else {
            owner.failed(
                    "%s ended here: its log cannot be relied on (%s)"
                            .formatted(name, error.reason()));
        }
        awaitClosing();
    }

    /**
     * Holds up the thread of the log until the group is being closed, and takes no entry any more.
     * Ratis has the entry that was not written in memory all the same; that the leader, who sends
     * it again, is not told that it is on disk, {@link FollowerLog} sees to.
     */
    private void awaitClosing() {
        long deadline = System.nanoTime() + CLOSING.toNanos();
        while (isOpen() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(LOOK);
        }
    }

    private boolean isOpen() {
        try {
            RaftServer.Division here = getServer().join().getDivision(getGroupId());
            return here.getStateMachine() == this && here.getInfo().isAlive();
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void notifyServerShutdown(RoleInfoProto role, boolean all) {
        closed = true;
    }

    @Override
    public void close() {
        closed = true;
        replica.close();
    }

    /** Closes what is open of it, also where Ratis has left the directory of the group locked. */
    void release() {
        close();
        RaftStorage locked = storage;
        if (locked != null) {
            try {
                locked.close();
            } catch (IOException e) {
                log.debug("{}: its directory could not be unlocked", name, e);
            }
        }
    }
}
