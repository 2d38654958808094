package io.keyval.server;

import io.keyval.protocol.FollowerGate;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.MessageHandler;

/** Parts what followers send from what clients send, by a header of the connection. */
final class PeerRouter implements MessageHandler {

    private final MessageHandler clients;
    private final MessageChannel followers;

    PeerRouter(MessageHandler clients, MessageChannel followers) {
        this.clients = clients;
        this.followers = followers;
    }

    @Override
    public void handleMessage(Message<?> message) {
        if (message.getHeaders().containsKey(FollowerGate.PEER_HEADER)) {
            followers.send(message);
        } else {
            clients.handleMessage(message);
        }
    }
}
