package io.keyval.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.integration.ip.tcp.serializer.SoftEndOfStreamException;

class LineInputTests {

    private static final int MAX_LINE = 16;
    private static final int BATCH = 256 * 1024;

    @Test
    void whenSeveralLinesHaveArrivedThenTheyAreOneMessage() throws IOException {
        LineInput input = input("a\nbc\r\n\nd", 100);

        assertThat(text(input.lines(MAX_LINE))).isEqualTo("a\nbc\r\n\n");
        assertThatExceptionOfType(SoftEndOfStreamException.class)
                .isThrownBy(() -> input.lines(MAX_LINE));
    }

    @Test
    void whenTheFirstLineIsTakenThenTheRestStays() throws IOException {
        LineInput input = input("HELLO\nb\nc\nd\ne", 100);

        assertThat(text(input.line(MAX_LINE))).isEqualTo("HELLO\n");
        assertThat(text(input.lines(MAX_LINE))).isEqualTo("b\nc\nd\n");
    }

    @Test
    void whenBytesAreWantedBehindALineThenNoneIsLost() throws IOException {
        LineInput input = input("HELLO\n\0\n\1", 100);

        assertThat(text(input.line(MAX_LINE))).isEqualTo("HELLO\n");
        assertThat(text(input.bytes())).isEqualTo("\0\n\1");
        assertThatExceptionOfType(SoftEndOfStreamException.class).isThrownBy(input::bytes);
    }

    @Test
    void whenManyBytesHaveArrivedThenAMessageHasAtMost64Kilobytes() throws IOException {
        byte[] sent = new byte[300_000];
        new Random(3).nextBytes(sent);
        LineInput input = input(new String(sent, ISO_8859_1), Integer.MAX_VALUE);
        StringBuilder received = new StringBuilder();
        while (received.length() < sent.length) {
            byte[] bytes = input.bytes();
            assertThat(bytes.length).isBetween(1, 64 * 1024);
            received.append(text(bytes));
        }

        assertThat(received.toString().getBytes(ISO_8859_1)).isEqualTo(sent);
    }

    @Test
    void whenTheFirstLineIsTooLongThenItReadsAsAnEmptyOneBeforeItsEnd() throws IOException {
        assertThat(text(input("x".repeat(MAX_LINE + 1), 5).line(MAX_LINE))).isEqualTo("\n");
        assertThat(text(input("x".repeat(MAX_LINE + 1) + "\n", 5).line(MAX_LINE))).isEqualTo("\n");
        assertThat(text(input("x".repeat(MAX_LINE) + "\n", 5).line(MAX_LINE)))
                .isEqualTo("x".repeat(MAX_LINE) + "\n");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 4095, 4096, 4097, 100_000})
    void whenALineIsTooLongThenOneLineStandsInItsPlace(int segment) throws IOException {
        for (int length : new int[] {4096, 4097, 8192, 50_000}) {
            LineInput input = input("a\n" + "x".repeat(length) + "\nb\n", segment);

            List<String> lines = allLines(input);

            assertThat(lines).hasSize(3).startsWith("a").endsWith("b");
            assertThat(lines.get(1)).matches("x*").doesNotMatch("x{1," + MAX_LINE + "}");
        }
    }

    @Test
    void whenALineHasTheLongestAllowedLengthThenItIsWhole() throws IOException {
        String line = "x".repeat(1_000_000);

        assertThat(
                        allLines(
                                new LineInput(
                                        stream(line + "\na\n" + line + "\n", () -> 1460),
                                        new HeapShare("input", 1L << 30)),
                                1_000_000))
                .containsExactly(line, "a", line);
    }

    @Test
    void whenEndlessBytesComeWithoutALineThenMemoryStaysSmall() {
        long[] sent = {0};
        int[] largest = {0};
        InputStream endless =
                new InputStream() {
                    @Override
                    public int read() {
                        throw new AssertionError();
                    }

                    @Override
                    public int available() {
                        return 1 << 20;
                    }

                    @Override
                    public int read(byte[] bytes, int offset, int length) {
                        largest[0] = Math.max(largest[0], bytes.length);
                        sent[0] += length;
                        Arrays.fill(bytes, offset, offset + length, (byte) 'x');
                        return sent[0] > 1L << 30 ? -1 : length;
                    }
                };

        assertThatExceptionOfType(SoftEndOfStreamException.class)
                .isThrownBy(
                        () ->
                                new LineInput(endless, new HeapShare("input", 1L << 30))
                                        .lines(100_000));
        assertThat(largest[0]).isLessThanOrEqualTo(BATCH + 100_000);
    }

    @Test
    void whenFarMoreHasArrivedThanAMessageHoldsThenItIsSeveral() throws IOException {
        String sent = "0123456789abcd\n".repeat(1_000_000);
        LineInput input = input(sent, Integer.MAX_VALUE);
        int messages = 0;
        long total = 0;
        while (total < sent.length()) {
            byte[] lines = input.lines(MAX_LINE);
            assertThat(lines.length).isLessThanOrEqualTo(BATCH + MAX_LINE);
            messages++;
            total += lines.length;
        }

        assertThat(total).isEqualTo(sent.length());
        assertThat(messages).isLessThan(100);
    }

    @Test
    void whenSegmentsAreRandomThenLinesAreNeverLostJoinedOrReordered() throws IOException {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int maxLine = 1 + random.nextInt(6000);
            int longest = maxLine + random.nextInt(8000);
            List<String> sent = new ArrayList<>();
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 60; i++) {
                String line = "x".repeat(random.nextInt(longest)) + i;
                sent.add(line);
                all.append(line).append('\n');
            }
            int segment = 1 + random.nextInt(random.nextBoolean() ? 20 : 20_000);
            LineInput input =
                    new LineInput(
                            stream(all + "no line", () -> 1 + random.nextInt(segment)),
                            new HeapShare("input", 1L << 30));

            List<String> received = allLines(input, maxLine);

            assertThat(received).as("seed %d", seed).hasSameSizeAs(sent);
            for (int i = 0; i < sent.size(); i++) {
                if (sent.get(i).length() <= maxLine || received.get(i).length() <= maxLine) {
                    assertThat(received.get(i))
                            .as("seed %d line %d", seed, i)
                            .isEqualTo(sent.get(i).length() <= maxLine ? sent.get(i) : "");
                }
            }
        }
    }

    @Test
    void whenAllUnfinishedLinesTogetherAreTooLongThenTheNextOneIsRefused() throws IOException {
        HeapShare budget = new HeapShare("input", 100_000);
        LineInput first = new LineInput(stream("x".repeat(60_000), () -> 4096), budget);
        LineInput second = new LineInput(stream("x".repeat(60_000), () -> 4096), budget);

        assertThatExceptionOfType(SoftEndOfStreamException.class)
                .isThrownBy(() -> first.lines(100_000));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> second.lines(100_000))
                .withMessageContaining("too much unfinished input");
        first.close();
        second.close();

        assertThat(budget.free()).isEqualTo(100_000);
        LineInput third = new LineInput(stream("x".repeat(60_000) + "\n", () -> 4096), budget);
        assertThat(third.lines(100_000)).hasSize(60_001);
    }

    private static List<String> allLines(LineInput input) throws IOException {
        return allLines(input, MAX_LINE);
    }

    private static List<String> allLines(LineInput input, int maxLine) throws IOException {
        StringBuilder all = new StringBuilder();
        try {
            while (true) {
                String lines = text(input.lines(maxLine));
                assertThat(lines).endsWith("\n");
                all.append(lines);
            }
        } catch (SoftEndOfStreamException e) {
            return Arrays.asList(all.substring(0, all.length() - 1).split("\n", -1));
        }
    }

    private static LineInput input(String sent, int segment) {
        return new LineInput(stream(sent, () -> segment), new HeapShare("input", 1L << 30));
    }

    private static InputStream stream(String sent, IntSupplier segment) {
        return new ByteArrayInputStream(sent.getBytes(ISO_8859_1)) {
            @Override
            public synchronized int read(byte[] bytes, int offset, int length) {
                return super.read(bytes, offset, Math.min(length, segment.getAsInt()));
            }
        };
    }

    private static String text(byte[] bytes) {
        return new String(bytes, ISO_8859_1);
    }
}
