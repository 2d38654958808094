package io.keyval.server;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.integration.ip.tcp.connection.TcpConnection;
import org.springframework.integration.ip.tcp.connection.TcpMessageMapper;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.GenericMessage;

/** Makes messages that share the headers of their connection. */
final class PeerMessageMapper extends TcpMessageMapper {

    @Override
    public Message<?> toMessage(TcpConnection connection, @Nullable Map<String, Object> headers) {
        PeerConnection peer = (PeerConnection) connection;
        Object payload = Objects.requireNonNull(peer.getPayload());
        return new GenericMessage<>(payload, peer.headers());
    }

    @Override
    public Object fromMessage(Message<?> message) {
        return message.getPayload();
    }
}
