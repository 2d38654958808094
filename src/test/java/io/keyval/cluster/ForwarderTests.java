package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.util.TimeDuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of the connection to a node that takes all and answers nothing. */
class ForwarderTests {

    private static final RaftGroupId GROUP = RaftGroupId.valueOf(new UUID(1, 2));

    private final Queue<Socket> taken = new ConcurrentLinkedQueue<>();
    private ServerSocket mute;
    private Forwarder forwarder;

    @BeforeEach
    void open() throws IOException {
        mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::take);
        RaftProperties properties = new RaftProperties();
        RaftClientConfigKeys.Rpc.setRequestTimeout(
                properties, TimeDuration.valueOf(1, TimeUnit.SECONDS));
        forwarder = new Forwarder(properties, new Parameters());
        forwarder.know(
                List.of(
                        RaftPeer.newBuilder()
                                .setId("2")
                                .setAddress("127.0.0.1:" + mute.getLocalPort())
                                .build()));
    }

    private void take() {
        try {
            while (true) {
                taken.add(mute.accept());
            }
        } catch (SocketException e) {
            // The test is over.
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void close() throws IOException {
        forwarder.close();
        mute.close();
        for (Socket socket : taken) {
            socket.close();
        }
    }

    private CompletableFuture<ByteBuffer> send() {
        return forwarder.send("2", GROUP, new byte[] {1});
    }

    @Test
    void whenAMessageIsNotAnsweredInTimeThenALaterOneGoesOverAnotherConnection() {
        CompletableFuture<ByteBuffer> first = send();
        await().until(first::isCompletedExceptionally);
        assertThat(taken).hasSize(1);

        await().until(
                        () -> {
                            send();
                            return taken.size() > 1;
                        });
    }
}
