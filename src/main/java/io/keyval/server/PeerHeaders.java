package io.keyval.server;

import io.keyval.protocol.FollowerGate;
import java.io.Serial;
import java.util.Map;
import org.springframework.integration.ip.IpHeaders;
import org.springframework.messaging.MessageHeaders;

/**
 * The headers of every message of one connection: made once, never changed, without an id or a time
 * of each message.
 */
final class PeerHeaders extends MessageHeaders {

    /** The {@link PeerConnection} itself. */
    static final String CONNECTION = "keyval_connection";

    @Serial private static final long serialVersionUID = 1L;

    private PeerHeaders(Map<String, Object> headers) {
        super(headers, ID_VALUE_NONE, -1L);
    }

    static PeerHeaders ofClient(PeerConnection connection) {
        return new PeerHeaders(
                Map.of(
                        IpHeaders.CONNECTION_ID,
                        connection.getConnectionId(),
                        IpHeaders.IP_ADDRESS,
                        connection.getHostAddress(),
                        IpHeaders.REMOTE_PORT,
                        connection.getPort(),
                        CONNECTION,
                        connection));
    }

    static PeerHeaders ofFollower(PeerConnection connection, int id) {
        return new PeerHeaders(
                Map.of(
                        IpHeaders.CONNECTION_ID, connection.getConnectionId(),
                        IpHeaders.IP_ADDRESS, connection.getHostAddress(),
                        IpHeaders.REMOTE_PORT, connection.getPort(),
                        FollowerGate.PEER_HEADER, id));
    }
}
