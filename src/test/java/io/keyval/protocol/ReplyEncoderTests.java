package io.keyval.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.command.Reply;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplyEncoderTests {

    private static final List<Reply> ONE_OF_EACH =
            List.of(
                    Reply.OK,
                    new Reply.Value("a b\r".getBytes(ISO_8859_1)),
                    Reply.MISS,
                    Reply.NOT_FOUND,
                    Reply.PONG,
                    Reply.INVALID_COMMAND,
                    Reply.WRITE_NOT_ALLOWED,
                    Reply.FAILED,
                    Reply.BYE);

    @Test
    void whenAMissIsAnEmptyLineThenEachReplyIsItsLine() {
        assertThat(encode(ReplyEncoder.missAsEmptyLine()))
                .isEqualTo(
                        "OK\na b\r\n\nNOT_FOUND\nPONG\nINVALID_COMMAND\nWRITE_NOT_ALLOWED\nERROR\nBYE\n");
    }

    @Test
    void whenAMissIsNotFoundThenItReadsSo() {
        assertThat(encode(ReplyEncoder.missAsNotFound()))
                .isEqualTo(
                        "OK\na b\r\nNOT_FOUND\nNOT_FOUND\nPONG\nINVALID_COMMAND\nWRITE_NOT_ALLOWED\nERROR\nBYE\n");
    }

    @Test
    void whenOnlyAPartIsAskedForThenOnlyThatIsEncoded() {
        assertThat(ReplyEncoder.missAsEmptyLine().encode(ONE_OF_EACH, 1, 2))
                .isEqualTo("a b\r\n".getBytes(ISO_8859_1));
    }

    @Test
    void whenValuesAreLargeThenChunksStaySmallAndMissNothing() {
        ReplyEncoder encoder = ReplyEncoder.missAsEmptyLine();
        List<Reply> replies =
                new ArrayList<>(Collections.nCopies(100, new Reply.Value(new byte[10_000])));
        replies.add(50, new Reply.Value(new byte[1_000_000]));

        int at = 0;
        long total = 0;
        while (at < replies.size()) {
            int end = encoder.chunkEnd(replies, at);
            byte[] chunk = encoder.encode(replies, at, end);
            assertThat(end).isGreaterThan(at);
            assertThat(chunk.length <= 256 * 1024 || end == at + 1).isTrue();
            total += chunk.length;
            at = end;
        }

        assertThat(total).isEqualTo(100 * 10_001L + 1_000_001L);
    }

    private static String encode(ReplyEncoder encoder) {
        return new String(encoder.encode(ONE_OF_EACH, 0, ONE_OF_EACH.size()), ISO_8859_1);
    }
}
