package io.keyval.cluster;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;

/**
 * Ratis's gRPC between the nodes, with a {@link FollowerLog} between it and the server. Ratis makes
 * one by the name of the class.
 */
final class NodeRpc implements RpcType {

    private static final String KEY = "keyval.follower-log";

    /** What stands before the server that was built with these parameters. */
    static FollowerLog followerLog(Parameters parameters) {
        return parameters.getNonNull(KEY, FollowerLog.class);
    }

    @Override
    public String name() {
        return NodeRpc.class.getName();
    }

    @Override
    public RpcFactory newFactory(Parameters parameters) {
        return new Factory(parameters);
    }

    private static final class Factory extends GrpcFactory {

        private final Parameters parameters;

        Factory(Parameters parameters) {
            super(parameters);
            this.parameters = parameters;
        }

        @Override
        public GrpcServices newRaftServerRpc(RaftServer server) {
            FollowerLog log = new FollowerLog(server);
            parameters.put(KEY, log, FollowerLog.class);
            return super.newRaftServerRpc(guarded(server, log));
        }
    }

    /** The server as the other nodes reach it. */
    private static RaftServer guarded(RaftServer server, FollowerLog log) {
        return (RaftServer)
                Proxy.newProxyInstance(
                        NodeRpc.class.getClassLoader(),
                        new Class<?>[] {RaftServer.class},
                        (_, method, arguments) -> {
                            try {
                                return switch (method.getName()) {
                                    case "appendEntriesAsync" ->
                                            log.append((AppendEntriesRequestProto) arguments[0]);
                                    case "installSnapshot" ->
                                            log.install((InstallSnapshotRequestProto) arguments[0]);
                                    default -> method.invoke(server, arguments);
                                };
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }
}
