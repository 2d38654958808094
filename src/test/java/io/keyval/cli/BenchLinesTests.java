package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Lines out of bytes that come in pieces. */
class BenchLinesTests {

    @Test
    void whenBytesComeInAnyPiecesThenTheLinesAreTheSame() {
        List<String> expected = List.of("OK", "", "a value", "", "", "x".repeat(100), "END");
        byte[] bytes = (String.join("\n", expected) + "\n").getBytes(StandardCharsets.US_ASCII);
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            BenchLines lines = new BenchLines(1 + random.nextInt(20));
            List<String> found = new ArrayList<>();
            int at = 0;
            while (at < bytes.length) {
                ByteBuffer room = lines.room();
                assertThat(room.hasRemaining()).isTrue();
                int most = Math.min(room.remaining(), bytes.length - at);
                int count = 1 + random.nextInt(most);
                room.put(bytes, at, count);
                at += count;
                while (lines.next()) {
                    found.add(
                            new String(
                                    lines.bytes(),
                                    lines.from(),
                                    lines.to() - lines.from(),
                                    StandardCharsets.US_ASCII));
                }
            }
            assertThat(found).as("seed %d", seed).isEqualTo(expected);
        }
    }
}
