package io.keyval.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.keyval.protocol.FollowerGate;
import io.keyval.protocol.HandshakeError;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.event.EventListener;
import org.springframework.integration.ip.IpHeaders;
import org.springframework.integration.ip.tcp.connection.TcpConnectionCloseEvent;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.SubscribableChannel;
import org.springframework.messaging.support.MessageBuilder;

/**
 * A gate with room for two, whose secret is {@code secret}; it greets each follower with {@code
 * hi\n}, and keeps what each sends.
 */
final class RecordingGate implements FollowerGate {

    static final int ROOM = 2;

    private final MessageChannel outbound;
    private final Map<String, Integer> held = new ConcurrentHashMap<>();
    private final Set<Integer> opened = ConcurrentHashMap.newKeySet();
    private final Map<Integer, ByteArrayOutputStream> received = new ConcurrentHashMap<>();

    volatile boolean leading = true;

    RecordingGate(
            @Qualifier(INBOUND_CHANNEL) SubscribableChannel inbound,
            @Qualifier(OUTBOUND_CHANNEL) MessageChannel outbound) {
        this.outbound = outbound;
        inbound.subscribe(this::receive);
    }

    @Override
    public Admission admit(int id, byte[] secret, String connectionId) {
        if (!leading) {
            return new Admission.Rejected(HandshakeError.CANNOT_ACCEPT_FOLLOWER_CONNECTION);
        }
        if (!"secret".equals(new String(secret, UTF_8))) {
            return new Admission.Rejected(HandshakeError.INVALID_SECRET_KEY);
        }
        if (id == 1 || held.containsValue(id)) {
            return new Admission.Rejected(HandshakeError.ID_ALREADY_TAKEN);
        }
        if (held.size() == ROOM) {
            return new Admission.Rejected(HandshakeError.MAX_SIZE_EXCEEDED);
        }
        held.put(connectionId, id);
        return new Admission.Admitted();
    }

    @Override
    public void opened(int id, String connectionId) {
        opened.add(id);
        send(connectionId, "hi\n".getBytes(UTF_8));
    }

    @Override
    public void closing() {
        held.keySet().forEach(connectionId -> send(connectionId, "bye\n".getBytes(UTF_8)));
    }

    void send(String connectionId, byte[] bytes) {
        outbound.send(
                MessageBuilder.withPayload(bytes)
                        .setHeader(IpHeaders.CONNECTION_ID, connectionId)
                        .build());
    }

    private void receive(Message<?> message) {
        Integer id = message.getHeaders().get(PEER_HEADER, Integer.class);
        String connectionId = message.getHeaders().get(IpHeaders.CONNECTION_ID, String.class);
        if (id == null || connectionId == null || !id.equals(held.get(connectionId))) {
            throw new IllegalStateException("Message of nobody: " + message);
        }
        if (!opened.contains(id)) {
            throw new IllegalStateException("Message before the opening");
        }
        byte[] bytes = (byte[]) message.getPayload();
        if (bytes.length < 1 || bytes.length > 64 * 1024) {
            throw new IllegalStateException("Message of " + bytes.length);
        }
        received.computeIfAbsent(id, i -> new ByteArrayOutputStream()).writeBytes(bytes);
    }

    @EventListener
    void closed(TcpConnectionCloseEvent event) {
        Integer id = held.remove(event.getConnectionId());
        if (id != null) {
            opened.remove(id);
        }
    }

    Map<String, Integer> held() {
        return held;
    }

    byte[] received(int id) {
        ByteArrayOutputStream bytes = received.get(id);
        return bytes == null ? new byte[0] : bytes.toByteArray();
    }
}
