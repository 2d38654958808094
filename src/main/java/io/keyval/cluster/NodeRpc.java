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

    @Override
    public String name() {
        return NodeRpc.class.getName();
    }

    @Override
    public RpcFactory newFactory(Parameters parameters) {
        return new Factory(parameters);
    }

    private static final class Factory extends GrpcFactory {

        Factory(Parameters parameters) {
            super(parameters);
        }

        @Override
        public GrpcServices newRaftServerRpc(RaftServer server) {
            return super.newRaftServerRpc(guarded(server));
        }
    }

    /** The server as the other nodes reach it. */
    static RaftServer guarded(RaftServer server) {
        FollowerLog logs = new FollowerLog(server);
        return (RaftServer)
                Proxy.newProxyInstance(
                        NodeRpc.class.getClassLoader(),
                        new Class<?>[] {RaftServer.class},
                        (_, method, arguments) -> {
                            try {
                                return switch (method.getName()) {
                                    case "appendEntriesAsync" ->
                                            logs.append((AppendEntriesRequestProto) arguments[0]);
                                    case "installSnapshot" ->
                                            logs.install(
                                                    (InstallSnapshotRequestProto) arguments[0]);
                                    default -> method.invoke(server, arguments);
                                };
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }
}
