package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Entries out of a log, and into a node. */
class ImportExportTests {

    private static final byte[] HOSTILE = {0, 27, (byte) 0xff, '\\', '"', '\r', '\t', ' ', '\r'};

    @TempDir Path directory;

    @Test
    void whenALogIsExportedThenEveryKeyIsThereWithItsLastValue() {
        Path file = directory.resolve("leader.log");
        try (TestLog log = TestLog.lead(file)) {
            log.put("a", "1");
            log.put("b", "old");
            log.put("c", "3");
            log.compact();
            log.put("b", "new  value");
            log.delete("c");
            log.put("d", "4");
        }
        CommandRun run = CommandRun.of("export", file);
        assertThat(run).isEqualTo(new CommandRun(ExitCode.GOOD, "a 1\nb new  value\nd 4\n", ""));
        assertThat(CommandRun.of("export", "--json", file).lines())
                .containsExactly(
                        "{\"key\":\"a\",\"value\":\"1\"}",
                        "{\"key\":\"b\",\"value\":\"new  value\"}",
                        "{\"key\":\"d\",\"value\":\"4\"}");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whenBytesAreHostileThenTheyComeBackAsTheyWere(boolean json) throws IOException {
        Path file = directory.resolve("leader.log");
        byte[] key = {(byte) 0xfe, 0, '\r', 'k'};
        try (TestLog log = TestLog.lead(file)) {
            log.put(key, HOSTILE);
            log.put("größe", "ü\u2028 \ud83d\ude00\r");
        }
        Object[] export =
                json ? new Object[] {"export", "--json", file} : new Object[] {"export", file};
        Path exported = directory.resolve("entries");
        Files.write(exported, CommandRun.bytes(export));
        try (FakeNode node = FakeNode.start()) {
            Object[] args =
                    json
                            ? new Object[] {"import", "--json", "--port", node.port(), exported}
                            : new Object[] {"import", "--port", node.port(), exported};
            CommandRun run = CommandRun.of(args);
            assertThat(run.err()).isEmpty();
            assertThat(run.code()).isZero();
            assertThat(run.out()).startsWith("2 entries written in ");
            assertThat(node.entries)
                    .isEqualTo(
                            Map.of(
                                    latin(key),
                                    latin(HOSTILE),
                                    latin("größe".getBytes(StandardCharsets.UTF_8)),
                                    latin(
                                            "ü\u2028 \ud83d\ude00\r"
                                                    .getBytes(StandardCharsets.UTF_8))));
        }
    }

    @Test
    void whenALogIsImportedThenItsLastEntriesAreWritten() throws IOException {
        Path file = directory.resolve("leader.log");
        try (TestLog log = TestLog.lead(file)) {
            log.put("a", "1");
            log.put("b", "old");
            log.put("c", "3");
            log.compact();
            log.put("b", "new  value");
            log.delete("c");
            log.put("d", "4\r");
        }
        try (FakeNode node = FakeNode.start()) {
            CommandRun run = CommandRun.of("import", "--port", node.port(), file);
            assertThat(run.err()).isEmpty();
            assertThat(run.code()).isZero();
            assertThat(run.out()).startsWith("3 entries written in ");
            assertThat(node.entries).isEqualTo(Map.of("a", "1", "b", "new  value", "d", "4\r"));
            CommandRun rest =
                    CommandRun.of("import", "--from-line", 3, "--port", node.port(), file);
            assertThat(rest.out()).startsWith("1 entries written in ");
            assertThat(CommandRun.of("import", "--json", "--port", node.port(), file).code())
                    .isEqualTo(ExitCode.USAGE);
        }
    }

    @Test
    void whenALogIsCorruptThenNothingOfItIsImported() throws IOException {
        Path file = directory.resolve("leader.log");
        try (TestLog log = TestLog.lead(file)) {
            log.put("a", "1");
            log.put("b", "2");
        }
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 3] ^= 1;
        Files.write(file, bytes);
        try (FakeNode node = FakeNode.start()) {
            CommandRun run = CommandRun.of("import", "--port", node.port(), file);
            assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
            assertThat(run.out()).startsWith("0 entries written");
            assertThat(run.err()).startsWith("The input cannot be read: ");
            assertThat(node.entries).isEmpty();
        }
    }

    @Test
    void whenALogIsTornOrCorruptThenExportSaysSo() throws IOException {
        Path file = directory.resolve("leader.log");
        TestLog.write(file, 3);
        Files.write(file, new byte[17], StandardOpenOption.APPEND);
        CommandRun torn = CommandRun.of("export", file);
        assertThat(torn.code()).isEqualTo(ExitCode.TORN_TAIL);
        assertThat(torn.out()).isEqualTo("k2 value 2\nk3 value 3\n");

        TestLog.flip(file, TestLog.frames(file).get(1).offset() + 5);
        CommandRun corrupt = CommandRun.of("export", file);
        assertThat(corrupt.code()).isEqualTo(ExitCode.CORRUPT);
        assertThat(corrupt.out()).isEmpty();
        assertThat(corrupt.err()).contains("Nothing was exported");
    }

    @Test
    void whenManyEntriesAreImportedThenAllAreWritten() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 100_000; i++) {
            lines.append("key-")
                    .append(i)
                    .append(' ')
                    .append("v".repeat(i % 50 + 1))
                    .append("\n\n");
        }
        try (FakeNode node = FakeNode.start()) {
            CommandRun run = imported(node, lines.toString());
            assertThat(run.code()).isZero();
            assertThat(node.entries).hasSize(100_000).containsEntry("key-99", "v".repeat(50));
        }
    }

    @Test
    void whenALineIsNoEntryThenItIsToldWhatIsWrittenAndHowToGoOn() {
        try (FakeNode node = FakeNode.start()) {
            CommandRun run = imported(node, "a 1\nb 2\nc\nd 4\n");
            assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
            assertThat(run.out()).startsWith("2 entries written");
            assertThat(run.err())
                    .isEqualTo(
                            """
                            Line 3 is no entry: it is not a key, a space and a value.
                            Lines 1 to 2 are done.
                            To go on: --from-line 3
                            """);
            assertThat(node.entries).containsOnlyKeys("a", "b");

            CommandRun rest = imported(node, "a x\nb 2\nc 3\nd 4\n", "--from-line", "3");
            assertThat(rest.code()).isZero();
            assertThat(node.entries).containsOnlyKeys("a", "b", "c", "d").containsEntry("a", "1");
        }
    }

    @Test
    void whenBadLinesAreToBeSkippedThenTheOthersAreWritten() {
        try (FakeNode node = FakeNode.start()) {
            CommandRun run = imported(node, "a 1\nb\nc 3\n", "--skip-bad");
            assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
            assertThat(run.err()).contains("Line 2: ").endsWith("Lines skipped: 1\n");
            assertThat(node.entries).containsOnlyKeys("a", "c");
        }
    }

    @Test
    void whenTheNodeFailsThenTheImportStops() {
        try (FakeNode node = FakeNode.start()) {
            CommandRun run = imported(node, "a 1\nfull 2\nc 3\n", "--skip-bad");
            assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
            assertThat(run.err())
                    .startsWith("Line 2: ERROR: ")
                    .contains("Lines 1 to 1 are done.")
                    .contains("Of lines 2 to 3 some may be written.")
                    .endsWith("To go on: --from-line 2\n");
            node.answerOnly(1);
            assertThat(imported(node, "x 1\ny 2\n").code()).isEqualTo(ExitCode.UNREACHABLE);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    nonsense                                | it is no JSON
                    [1]                                     | it is no JSON object
                    {"key":"a"}                             | it has to have either value or valueBase64
                    {"key":"a","value":1}                   | it has to have either value
                    {"key":"a","keyBase64":"","value":"1"}  | it has to have either key
                    {"key":"a b","value":"1"}               | a key cannot hold a space
                    {"key":"a","value":"1\\n2"}             | a value cannot hold a line break
                    {"key":"","value":"1"}                  | the key is empty
                    {"key":"a","valueBase64":"*"}           | valueBase64 is no Base64
                    {"key":"a","value":"\\ud800"}           | half a surrogate pair
                    """)
    void whenJsonIsNoEntryThenItIsToldWhy(String line, String reason) {
        try (FakeNode node = FakeNode.start()) {
            CommandRun run = imported(node, line + "\n", "--json");
            assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
            assertThat(run.err()).startsWith("Line 1 is no entry: ").contains(reason);
            assertThat(node.entries).isEmpty();
        }
    }

    @Test
    void whenProgressIsShownThenItHasRateAndTimeLeft() {
        assertThat(ProgressBar.entriesLine(30_000, 300, 1000, 2_000_000_000L))
                .isEqualTo("[#########.....................]  30 %  15,000 entries/s  5 s left");
        assertThat(ProgressBar.entriesLine(30_000, 300, 0, 2_000_000_000L))
                .isEqualTo("30,000 entries  15,000 entries/s");
        assertThat(ProgressBar.line(500, 1000, 90_000_000_000L)).contains("1 min 30 s left");
    }

    private static CommandRun imported(FakeNode node, String lines, String... options) {
        Object[] args = new Object[options.length + 3];
        args[0] = "import";
        args[1] = "--port";
        args[2] = node.port();
        System.arraycopy(options, 0, args, 3, options.length);
        return CommandRun.given(lines.getBytes(StandardCharsets.UTF_8), args);
    }

    private static String latin(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
