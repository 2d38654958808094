package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MessageAssemblerTests {

    private static final int MAX = 1 << 20;

    private final List<WireMessage> taken = new ArrayList<>();
    private final MessageAssembler assembler = new MessageAssembler(MAX);

    @Test
    void whenTheStreamIsSplitAtAnyTwoBytesThenTheMessagesAreTheSame() {
        byte[] stream = stream();
        for (int first = 0; first <= stream.length; first++) {
            for (int second = first; second <= stream.length; second += 7) {
                MessageAssembler fresh = new MessageAssembler(MAX);
                List<WireMessage> messages = new ArrayList<>();
                fresh.add(ByteBuffer.wrap(stream, 0, first), messages::add);
                fresh.add(ByteBuffer.wrap(stream, first, second - first), messages::add);
                fresh.add(ByteBuffer.wrap(stream, second, stream.length - second), messages::add);
                assertThat(messages)
                        .as("split at %d and %d", first, second)
                        .isEqualTo(WireCodecTests.messages());
            }
        }
    }

    @Test
    void whenTheStreamComesByteByByteThenEachMessageComesWithItsLastByte() {
        int seen = 0;
        for (WireMessage message : WireCodecTests.messages()) {
            byte[] bytes = WireCodec.encode(message);
            for (int i = 0; i < bytes.length; i++) {
                assertThat(taken).hasSize(seen);
                assembler.add(ByteBuffer.wrap(bytes, i, 1), taken::add);
            }
            seen++;
        }
        assertThat(taken).isEqualTo(WireCodecTests.messages());
    }

    @Test
    void whenADataMessageIsKeptThenLaterOnesDoNotChangeIt() {
        for (int i = 0; i < 3; i++) {
            byte[] content = new byte[1000];
            Arrays.fill(content, (byte) i);
            assembler.add(
                    ByteBuffer.wrap(
                            WireCodec.encode(new WireMessage.Data(ByteBuffer.wrap(content)))),
                    taken::add);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(((WireMessage.Data) taken.get(i)).bytes().get(500)).isEqualTo((byte) i);
        }
    }

    @Test
    void whenAByteIsChangedThenReadingFailsAndOnlyWholeMessagesBeforeItAreTaken() {
        byte[] stream = stream();
        Random random = new Random(1);
        for (int at = 0; at < stream.length; at++) {
            byte[] changed = stream.clone();
            changed[at] ^= (byte) (1 + random.nextInt(255));
            MessageAssembler fresh = new MessageAssembler(MAX);
            List<WireMessage> messages = new ArrayList<>();
            assertThatThrownBy(() -> fresh.add(ByteBuffer.wrap(changed), messages::add))
                    .as("byte %d", at)
                    .isInstanceOf(WireException.class);
            assertThat(WireCodecTests.messages().subList(0, messages.size())).isEqualTo(messages);
        }
    }

    @Test
    void whenGarbageComesThenReadingFailsWithinAHeader() {
        Random random = new Random(2);
        for (int i = 0; i < 1000; i++) {
            byte[] garbage = new byte[WireCodec.HEADER_SIZE];
            random.nextBytes(garbage);
            assertThatThrownBy(
                            () -> new MessageAssembler(MAX).add(ByteBuffer.wrap(garbage), m -> {}))
                    .isInstanceOf(WireException.class);
        }
    }

    @Test
    void whenALongerPayloadThanAllowedIsAnnouncedThenReadingFailsAtOnce() {
        byte[] header = header(MAX + 1);
        assertThatThrownBy(() -> assembler.add(ByteBuffer.wrap(header), taken::add))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("" + (MAX + 1));
    }

    @Test
    void whenAHugePayloadIsAnnouncedThenMemoryIsTakenOnlyForWhatComes() {
        List<MessageAssembler> announced = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            MessageAssembler fresh = new MessageAssembler(1 << 30);
            fresh.add(ByteBuffer.wrap(header(1 << 30)), taken::add);
            fresh.add(ByteBuffer.wrap(new byte[100]), taken::add);
            announced.add(fresh);
        }
        assertThat(announced).hasSize(1000);
        assertThat(taken).isEmpty();
    }

    /** The header of a data message whose payload is of the given length. */
    private static byte[] header(int length) {
        byte[] header =
                Arrays.copyOf(
                        WireCodec.encode(new WireMessage.Data(ByteBuffer.allocate(0))),
                        WireCodec.HEADER_SIZE);
        ByteBuffer.wrap(header).putInt(4, length);
        return WireCodecTests.sealed(header);
    }

    private static byte[] stream() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        WireCodecTests.messages().forEach(m -> bytes.writeBytes(WireCodec.encode(m)));
        return bytes.toByteArray();
    }
}
