package io.keyval.cluster;

import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;

/**
 * A node of a cluster.
 *
 * @param id 1 or more
 * @param host where it talks to the other nodes
 * @param port likewise
 */
public record Peer(int id, String host, int port) {

    /** The node in a text such as {@code 1@127.0.0.1:6001}. */
    public static Peer parse(String text) {
        int at = text.indexOf('@');
        int colon = text.lastIndexOf(':');
        if (at > 0 && colon > at + 1) {
            try {
                int id = Integer.parseInt(text.substring(0, at).strip());
                int port = Integer.parseInt(text.substring(colon + 1).strip());
                if (id > 0 && port >= 0 && port < 65536) {
                    return new Peer(id, text.substring(at + 1, colon).strip(), port);
                }
            } catch (NumberFormatException e) {
                // Told below.
            }
        }
        throw new ClusterException(
                "'%s' is no node of a cluster: it must be of the form id@host:port, such as 1@127.0.0.1:6001."
                        .formatted(text));
    }

    RaftPeerId peerId() {
        return RaftPeerId.valueOf(Integer.toString(id));
    }

    String address() {
        return host + ":" + port;
    }

    RaftPeer toRaftPeer() {
        return RaftPeer.newBuilder().setId(peerId()).setAddress(address()).build();
    }

    @Override
    public String toString() {
        return id + "@" + address();
    }
}
