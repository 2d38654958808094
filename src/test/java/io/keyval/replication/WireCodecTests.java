package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.keyval.wal.LogId;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WireCodecTests {

    private static final LogId LOG = new LogId(new UUID(0x0011223344556677L, 0x8899aabbccddeeffL));

    static List<WireMessage> messages() {
        return List.of(
                new WireMessage.Status(1, 5001, LOG, 3L << 32 | 7, 42),
                new WireMessage.Continue(LOG, -1, Long.MAX_VALUE),
                new WireMessage.Full(LOG, 1, 2, 3, Resync.Reason.COMPACTED),
                new WireMessage.Data(ByteBuffer.wrap(new byte[] {1, 2, 3})),
                new WireMessage.Data(ByteBuffer.allocate(0)),
                new WireMessage.SyncDone(),
                new WireMessage.Ack(42),
                new WireMessage.Heartbeat(43, 44),
                new WireMessage.Goodbye("grüße"),
                new WireMessage.Goodbye(""));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void whenAMessageIsWrittenThenItReadsTheSame(WireMessage message) {
        assertThat(decode(WireCodec.encode(message))).isEqualTo(message);
    }

    @ParameterizedTest
    @MethodSource("messages")
    void whenAnyBitIsFlippedThenItIsNoMessage(WireMessage message) {
        byte[] bytes = WireCodec.encode(message);
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> decode(flipped))
                    .as("bit %d", bit)
                    .isInstanceOf(WireException.class);
        }
    }

    @Test
    void whenAStatusIsWrittenThenItsBytesAreThoseOfVersion1() {
        byte[] bytes = WireCodec.encode(new WireMessage.Status(1, 5001, LOG, 3L << 32 | 7, 42));
        assertThat(HexFormat.of().formatHex(bytes))
                .startsWith("0100000000000028")
                .endsWith(
                        "00010000"
                                + "00001389"
                                + "00112233445566778899aabbccddeeff"
                                + "0000000300000007"
                                + "000000000000002a")
                .hasSize(2 * 56);
    }

    @Test
    void whenAPayloadIsTooShortForItsTypeThenItIsNoMessage() {
        byte[] ack = WireCodec.encode(new WireMessage.Goodbye("bye"));
        ack[0] = 6;
        assertThatThrownBy(() -> decode(sealed(ack)))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("too short");
    }

    @Test
    void whenAPayloadIsLongerThanItsTypeThenTheRestIsNotRead() {
        byte[] ack = WireCodec.encode(new WireMessage.Goodbye("\0\0\0\0\0\0\0\7more"));
        ack[0] = 6;
        assertThat(decode(sealed(ack))).isEqualTo(new WireMessage.Ack(7));
    }

    @Test
    void whenTheTypeIsUnknownThenItIsNoMessage() {
        byte[] bytes = WireCodec.encode(new WireMessage.Ack(1));
        bytes[0] = 99;
        assertThatThrownBy(() -> decode(sealed(bytes)))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("99");
    }

    @Test
    void whenTheReasonOfAFullSyncIsALaterOneThenItIsUnknown() {
        assertThat(Resync.Reason.of((byte) 100)).isEqualTo(Resync.Reason.UNKNOWN);
        assertThat(Resync.Reason.of((byte) -1)).isEqualTo(Resync.Reason.UNKNOWN);
        assertThat(Resync.Reason.of((byte) 2)).isEqualTo(Resync.Reason.DIVERGED);
    }

    /** Sets the header's checksum right. */
    static byte[] sealed(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, 8);
        ByteBuffer.wrap(bytes).putInt(8, (int) crc.getValue());
        return bytes;
    }

    private static WireMessage decode(byte[] bytes) {
        ByteBuffer header = ByteBuffer.wrap(bytes, 0, WireCodec.HEADER_SIZE).slice();
        ByteBuffer payload = ByteBuffer.wrap(bytes).position(WireCodec.HEADER_SIZE).slice();
        if (WireCodec.payloadLength(header) != payload.remaining()) {
            throw new IllegalStateException("length");
        }
        return WireCodec.decode(header, payload);
    }
}
