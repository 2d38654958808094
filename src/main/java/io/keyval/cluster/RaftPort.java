package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** The port that this node has for the others. */
final class RaftPort {

    private RaftPort() {}

    /**
     * Refuses a port that cannot be listened at: Ratis ends the process without a word there.
     *
     * @throws ClusterException with what to do, if it is in use or not open to this user
     */
    static void refuseWhenTaken(ClusterPeer self) throws IOException {
        String host = RaftSettings.bindAddress(self.host());
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(
                    host == null
                            ? new InetSocketAddress(self.port())
                            : new InetSocketAddress(host, self.port()));
        } catch (BindException e) {
            String reason =
                    String.valueOf(e.getMessage()).contains("Permission denied")
                            ? "not open to this user: set keyval.cluster.peers, on all nodes, to have a port above 1023 for node %d."
                            : "in use: end the process that has it, or set keyval.cluster.peers, on all nodes, to have another one for node %d.";
            throw new ClusterException(
                    "Port %d is %s".formatted(self.port(), reason.formatted(self.id())));
        }
    }
}
