package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import io.keyval.config.KeyvalProperties;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.proto.RaftProtos.TermIndexProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachine;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;

/**
 * The node 2 of three with Ratis's own log, that the test sends the messages of leaders: of the
 * node 1 in odd terms, and of the node 3 in even ones. Neither of these runs.
 */
final class FollowingNode implements AutoCloseable {

    private static final RaftPeerId SELF = RaftPeerId.valueOf("2");
    private static final RaftGroupId GROUP = ShardGroup.groupId("test", 0);
    private static final ClientId CLIENT = ClientId.randomId();

    private final AtomicLong calls = new AtomicLong();
    private final Parameters parameters = new Parameters();
    private final RaftServer server;

    /** Nothing is forced until it is complete. */
    private volatile CompletableFuture<Void> disk = CompletableFuture.completedFuture(null);

    FollowingNode(Path directory, Duration electionTimeout) throws IOException {
        ClusterSettings settings = settings(directory, electionTimeout);
        RaftProperties properties =
                RaftSettings.of(
                        settings,
                        Bounds.of(settings, 1L << 30),
                        Files.createDirectories(directory.resolve("raft")));
        List<RaftPeer> peers = settings.peers().stream().map(ClusterSettings::raftPeer).toList();
        server =
                RaftServer.newBuilder()
                        .setServerId(SELF)
                        .setProperties(properties)
                        .setParameters(parameters)
                        .setOption(RaftStorage.StartupOption.RECOVER)
                        .setStateMachineRegistry(_ -> new SlowDisk())
                        .setGroup(RaftGroup.valueOf(GROUP, peers))
                        .build();
        server.start();
    }

    RaftServer.Division division() throws IOException {
        return server.getDivision(GROUP);
    }

    RaftLog log() throws IOException {
        return division().getRaftLog();
    }

    /** What stands before the server. */
    FollowerLog logs() {
        return NodeRpc.followerLog(parameters);
    }

    /** From now on nothing is forced. */
    void holdTheDisk() {
        disk = new CompletableFuture<>();
    }

    /** All is forced. */
    void letTheDiskGo() {
        disk.complete(null);
    }

    /** Sends entries of the leader's term. */
    CompletableFuture<AppendEntriesReplyProto> send(
            long term, long previousTerm, long first, int count) throws IOException {
        AppendEntriesRequestProto.Builder request =
                AppendEntriesRequestProto.newBuilder()
                        .setServerRequest(header(term))
                        .setLeaderTerm(term)
                        .setLeaderCommit(-1);
        if (first > 0) {
            request.setPreviousLog(
                    TermIndexProto.newBuilder().setTerm(previousTerm).setIndex(first - 1));
        }
        for (long index = first; index < first + count; index++) {
            request.addEntries(entry(term, index));
        }
        return logs().append(request.build());
    }

    /** Asks for a vote, for the leader of a term. */
    boolean vote(long term, long lastTerm, long last) throws IOException {
        return server.requestVote(
                        RequestVoteRequestProto.newBuilder()
                                .setServerRequest(header(term))
                                .setCandidateTerm(term)
                                .setCandidateLastEntry(
                                        TermIndexProto.newBuilder()
                                                .setTerm(lastTerm)
                                                .setIndex(last))
                                .build())
                .getServerReply()
                .getSuccess();
    }

    /** Sends a part of a snapshot. */
    void sendSnapshot(long term, int part) throws IOException {
        logs().install(
                        InstallSnapshotRequestProto.newBuilder()
                                .setServerRequest(header(term))
                                .setLeaderTerm(term)
                                .setSnapshotChunk(
                                        InstallSnapshotRequestProto.SnapshotChunkProto.newBuilder()
                                                .setRequestIndex(part)
                                                .setTermIndex(
                                                        TermIndexProto.newBuilder()
                                                                .setTerm(term)
                                                                .setIndex(1_000)))
                                .build());
    }

    @Override
    public void close() throws IOException {
        disk.complete(null);
        server.close();
    }

    private RaftRpcRequestProto header(long term) {
        return RaftRpcRequestProto.newBuilder()
                .setRequestorId(ByteString.copyFromUtf8(term % 2 == 0 ? "3" : "1"))
                .setReplyId(SELF.toByteString())
                .setCallId(calls.incrementAndGet())
                .setRaftGroupId(RaftGroupIdProto.newBuilder().setId(GROUP.toByteString()))
                .build();
    }

    private static LogEntryProto entry(long term, long index) {
        return LogEntryProto.newBuilder()
                .setTerm(term)
                .setIndex(index)
                .setStateMachineLogEntry(
                        StateMachineLogEntryProto.newBuilder()
                                .setCallId(index)
                                .setClientId(CLIENT.toByteString())
                                .setLogData(ByteString.copyFromUtf8("value")))
                .build();
    }

    private static ClusterSettings settings(Path directory, Duration electionTimeout)
            throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return new ClusterSettings(
                    2,
                    "test",
                    List.of(
                            new ClusterPeer(1, "127.0.0.1", 1),
                            new ClusterPeer(2, "127.0.0.1", free.getLocalPort()),
                            new ClusterPeer(3, "127.0.0.1", 2)),
                    false,
                    KeyvalProperties.Reads.LOG,
                    true,
                    1,
                    3,
                    electionTimeout,
                    Duration.ofSeconds(5),
                    1 << 20,
                    256,
                    1 << 20,
                    directory,
                    null,
                    null);
        }
    }

    /** A state machine that has nothing forced before the disk is there. */
    private final class SlowDisk extends BaseStateMachine {

        @Override
        public StateMachine.DataApi data() {
            return new StateMachine.DataApi() {
                @Override
                public CompletableFuture<Void> flush(long index) {
                    return disk;
                }
            };
        }
    }
}
