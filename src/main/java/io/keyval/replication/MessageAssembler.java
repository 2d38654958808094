package io.keyval.replication;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Makes messages of bytes that come in pieces. Allocates no more than what has come calls for,
 * whatever a header says. For one thread.
 */
final class MessageAssembler {

    private final int maxPayload;
    private final SpareArrays spare;
    private final ByteBuffer header = ByteBuffer.allocate(WireCodec.HEADER_SIZE);
    private byte[] payload = {};
    private int length;
    private int filled;

    /**
     * @param maxPayload a longer payload is refused
     */
    MessageAssembler(int maxPayload) {
        this(maxPayload, new SpareArrays());
    }

    /**
     * @param maxPayload a longer payload is refused
     * @param spare where there may be arrays for payloads
     */
    MessageAssembler(int maxPayload, SpareArrays spare) {
        this.maxPayload = maxPayload;
        this.spare = spare;
    }

    /**
     * Takes in the bytes and hands over each message that is whole.
     *
     * @throws WireException when they are no messages; nothing can be read any more then
     */
    void add(ByteBuffer bytes, Consumer<WireMessage> messages) {
        while (true) {
            if (header.hasRemaining()) {
                int part = Math.min(header.remaining(), bytes.remaining());
                header.put(bytes.slice(bytes.position(), part));
                bytes.position(bytes.position() + part);
                if (header.hasRemaining()) {
                    return;
                }
                begin();
            }
            int part = Math.min(length - filled, bytes.remaining());
            if (filled + part > payload.length) {
                payload =
                        Arrays.copyOf(
                                payload,
                                (int)
                                        Math.min(
                                                length,
                                                Math.max(filled + part, 2L * payload.length)));
            }
            bytes.get(payload, filled, part);
            filled += part;
            if (filled < length) {
                return;
            }
            WireMessage message = WireCodec.decode(header, ByteBuffer.wrap(payload, 0, length));
            header.clear();
            messages.accept(message);
        }
    }

    private void begin() {
        length = WireCodec.payloadLength(header);
        if (length < 0 || length > maxPayload) {
            throw new WireException("a message of %d bytes".formatted(length));
        }
        payload = spare.take();
        filled = 0;
    }
}
