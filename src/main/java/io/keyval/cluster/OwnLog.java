package io.keyval.cluster;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the entries of a shard that this node leads to the log that is here. An entry that the log
 * took is told of by the state machine, when it is applied; one that it did not take is told of
 * from here.
 */
final class OwnLog {

    private static final Logger log = LoggerFactory.getLogger(ShardGroup.class);

    private final int shard;
    private final RaftGroupId groupId;
    private final RaftPeerId self;
    private final ClientId clientId;
    private final Batcher batcher;
    private final KnownLeader leader;

    OwnLog(
            int shard,
            RaftGroupId groupId,
            RaftPeerId self,
            ClientId clientId,
            Batcher batcher,
            KnownLeader leader) {
        this.shard = shard;
        this.groupId = groupId;
        this.self = self;
        this.clientId = clientId;
        this.batcher = batcher;
        this.leader = leader;
    }

    /** Gives an entry to the log. For the batcher's thread. */
    void submit(Entry entry, KeyspaceStateMachine machine, RaftServer.@Nullable Division here) {
        Submitted prepared = machine.prepare(entry);
        RaftClientRequest request =
                RaftClientRequest.newBuilder()
                        .setClientId(clientId)
                        .setServerId(self)
                        .setGroupId(groupId)
                        .setCallId(entry.id())
                        .setMessage(
                                Message.valueOf(UnsafeByteOperations.unsafeWrap(prepared.encode())))
                        .setType(RaftClientRequest.writeRequestType())
                        .build();
        CompletableFuture<RaftClientReply> logged;
        try {
            logged = ((RaftClientAsynchronousProtocol) here).submitClientRequestAsync(request);
        } catch (IOException | RuntimeException e) {
            notLogged(machine, prepared, e);
            return;
        }
        logged.whenComplete(
                (reply, failed) -> {
                    if (failed != null) {
                        notLogged(machine, prepared, failed);
                    } else if (!reply.isSuccess()) {
                        notLogged(machine, prepared, reply.getException());
                    }
                });
    }

    private void notLogged(KeyspaceStateMachine machine, Submitted prepared, Throwable reason) {
        log.debug("Shard {}: entry {} was not committed", shard, prepared.entry().id(), reason);
        if (prepared.isAppended()) {
            batcher.doubtful(prepared.entry());
            machine.doubt();
        } else {
            leader.refused();
            machine.withdraw(prepared);
            batcher.returned(prepared.entry());
        }
    }
}
