package io.keyval.server;

import io.keyval.protocol.FollowerGate;
import io.keyval.protocol.HandshakeError;
import io.keyval.protocol.Hello;
import io.keyval.protocol.HelloLines;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.integration.ip.tcp.connection.TcpConnectionInterceptorSupport;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.ErrorMessage;
import org.springframework.messaging.support.GenericMessage;

/**
 * Stands before one connection: answers its HELLO, lets nothing through before, and lets no
 * exception out of the flow behind it. For the connection's event loop; a follower is greeted, and
 * heard from then on, by the thread of its {@link Inbox}.
 */
final class HandshakeInterceptor extends TcpConnectionInterceptorSupport {

    private static final Logger log = LoggerFactory.getLogger(HandshakeInterceptor.class);

    private final Admissions admissions;
    private boolean greeted;
    private volatile boolean client;

    HandshakeInterceptor(ApplicationEventPublisher events, Admissions admissions) {
        super(events);
        this.admissions = admissions;
    }

    @Override
    public void onMessage(Message<?> message) {
        if (message instanceof ErrorMessage) {
            return;
        }
        guarded(
                () -> {
                    if (greeted) {
                        super.onMessage(message);
                    } else {
                        greeted = true;
                        greet((byte[]) message.getPayload());
                    }
                });
    }

    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            if (isDoneByPeer(e)) {
                log.debug("{} ends: {}", getConnectionId(), e.getMessage());
            } else {
                log.error("{} is closed after an internal error", getConnectionId(), e);
            }
            peer().closeConnection();
        }
    }

    private void greet(byte[] line) {
        switch (Hello.parse(line, 0, line.length - 1)) {
            case Hello.Client() -> greetClient(admissions.admitClient());
            case Hello.SecretClient(byte[] secret) -> greetClient(admissions.admitClient(secret));
            case Hello.Follower(int id, byte[] secret) ->
                    peer().leaveEventLoop(() -> guarded(() -> greetFollower(id, secret)));
            case Hello.Malformed() -> refuse(HandshakeError.INVALID_HANDSHAKE_MESSAGE);
        }
    }

    private void greetClient(@Nullable HandshakeError error) {
        if (error == null) {
            client = true;
            admissions.clientCame();
            peer().becomeClient(admissions.maxLine(), admissions.idleTimeout());
            answer(HelloLines.server());
            return;
        }
        if (error == HandshakeError.INVALID_SECRET_KEY) {
            admissions.clientRefused(getHostAddress(), error);
        }
        refuse(error);
    }

    private void greetFollower(int id, byte[] secret) {
        FollowerGate gate = admissions.gate();
        if (gate == null) {
            HandshakeError error = HandshakeError.CANNOT_ACCEPT_FOLLOWER_CONNECTION;
            admissions.followerRefused(id, getHostAddress(), error);
            refuse(error);
            return;
        }
        switch (gate.admit(id, secret, getConnectionId())) {
            case FollowerGate.Admission.Admitted() -> {
                peer().becomeFollower(id);
                answer(HelloLines.leader());
                gate.opened(id, getConnectionId());
            }
            case FollowerGate.Admission.Rejected(HandshakeError error) -> {
                admissions.followerRefused(id, getHostAddress(), error);
                refuse(error);
            }
        }
    }

    private void refuse(HandshakeError error) {
        log.debug("{} is refused: {}", getConnectionId(), error);
        answer(error.line());
        peer().finish();
    }

    private void answer(byte[] line) {
        send(new GenericMessage<>(line, peer().headers()));
    }

    private PeerConnection peer() {
        return (PeerConnection) getTheConnection();
    }

    private boolean isDoneByPeer(@Nullable Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof IOException) {
                return true;
            }
        }
        return !isOpen();
    }

    /** Called once, when the connection closes for whatever reason. */
    @Override
    protected void publishConnectionCloseEvent() {
        if (client) {
            admissions.clientWent();
        }
        super.publishConnectionCloseEvent();
    }
}
