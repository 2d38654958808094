package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.wal.DataDirectory;
import io.keyval.wal.LogFrame;
import io.keyval.wal.LogInspector;
import io.keyval.wal.LogReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code log} says of whole, torn and damaged logs. */
class LogCommandsTests {

    @TempDir Path directory;
    private Path file;

    @BeforeEach
    void writeALog() {
        file = directory.resolve("leader.log");
        TestLog.write(file, 10);
    }

    @Test
    void whenALogIsGoodThenVerifyCountsAndEndsWith0() throws IOException {
        CommandRun run = CommandRun.of("log", "verify", file);
        assertThat(run.code()).isEqualTo(ExitCode.GOOD);
        assertThat(run.err()).isEmpty();
        assertThat(run.lines().getFirst()).isEqualTo(file + ": good");
        assertThat(run.out())
                .containsPattern("frames +13\n")
                .containsPattern("records +11\n")
                .containsPattern(" position +11\n")
                .containsPattern("base position +0\n")
                .containsPattern("epochs +1: 1-[0-9a-f]{8}@1\n")
                .containsPattern("bytes +%d good of %1$d\n".formatted(Files.size(file)));
    }

    @Test
    void whenJsonIsAskedForThenVerifyPrintsOneObject() throws IOException {
        JsonNode good = json(CommandRun.of("log", "verify", "--json", file).out());
        assertThat(good.path("verdict").asString()).isEqualTo("good");
        assertThat(good.path("firstBadOffset").isNull()).isTrue();
        assertThat(good.path("epochs").size()).isEqualTo(1);

        LogFrame third = TestLog.frames(file).get(3);
        TestLog.flip(file, third.offset() + third.size() - 1);
        JsonNode bad = json(CommandRun.of("log", "verify", "--json", file).out());
        assertThat(bad.path("verdict").asString()).isEqualTo("corrupt");
        assertThat(bad.path("firstBadOffset").asLong()).isEqualTo(third.offset());
        assertThat(bad.path("position").asLong()).isEqualTo(2);
        assertThat(bad.path("behind").path("records").asLong()).isEqualTo(8);
        assertThat(bad.path("behind").path("firstPosition").asLong()).isEqualTo(4);
        assertThat(bad.path("behind").path("damagedRecords").asLong()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 20, 47})
    void whenTheTailIsTornThenVerifyEndsWith1AndChangesNothing(int garbage) throws IOException {
        long good = Files.size(file);
        Files.write(file, new byte[garbage], StandardOpenOption.APPEND);
        byte[] before = Files.readAllBytes(file);

        CommandRun run = CommandRun.of("log", "verify", file);
        assertThat(run.code()).isEqualTo(ExitCode.TORN_TAIL);
        assertThat(run.lines().getFirst())
                .contains(
                        "good up to offset %d, then a torn tail of %d bytes"
                                .formatted(good, garbage));
        assertThat(file).hasBinaryContent(before);
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void whenALogIsCorruptThenVerifyEndsWith2AndTellsTheFirstBadOffset() throws IOException {
        LogFrame frame = TestLog.frames(file).get(5);
        TestLog.flip(file, frame.offset() + 9);
        CommandRun run = CommandRun.of("log", "verify", file);
        assertThat(run.code()).isEqualTo(ExitCode.CORRUPT);
        assertThat(run.lines().getFirst())
                .startsWith("%s: corrupt at offset %d: ".formatted(file, frame.offset()));
        assertThat(run.out())
                .contains("7 frames with 6 records, positions 6 to 11")
                .contains("Not readable: what was at positions 5 to 5.");
    }

    @Test
    void whenTheFileHeaderIsDamagedThenVerifyEndsWith2() {
        TestLog.flip(file, 20);
        CommandRun run = CommandRun.of("log", "verify", file);
        assertThat(run.code()).isEqualTo(ExitCode.CORRUPT);
        assertThat(run.out()).contains("corrupt at offset 0: the file header is damaged");
    }

    @Test
    void whenAFileIsNoLogThenVerifySaysSo() throws IOException {
        Files.writeString(file, "x".repeat(100));
        CommandRun run = CommandRun.of("log", "verify", file);
        assertThat(run.code()).isEqualTo(ExitCode.CORRUPT);
        assertThat(run.out()).contains("it is not a keyval log");
    }

    @Test
    void whenAFileEndsInsideItsHeaderThenItIsTorn() throws IOException {
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 30));
        assertThat(CommandRun.of("log", "verify", file).code()).isEqualTo(ExitCode.TORN_TAIL);
        CommandRun repair = CommandRun.of("log", "repair", "--yes", file);
        assertThat(repair.code()).isEqualTo(ExitCode.TORN_TAIL);
        assertThat(repair.out()).contains("a node that starts on it begins a new log");
        assertThat(file).hasSize(30);
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify", "dump", "stats", "repair"})
    void whenThereIsNoFileThenOneSentenceSaysSo(String command) {
        Path missing = directory.resolve("missing.log");
        CommandRun run = CommandRun.of("log", command, missing);
        assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
        assertThat(run.err()).isEqualTo("There is no file %s.%n".formatted(missing));
        assertThat(missing).doesNotExist();
    }

    @Test
    void whenALogIsDumpedThenEveryRecordIsALine() {
        CommandRun run = CommandRun.of("log", "dump", file);
        assertThat(run.code()).isEqualTo(ExitCode.GOOD);
        assertThat(run.lines()).hasSize(11);
        assertThat(run.lines().getFirst()).matches("1\t1-[0-9a-f]{8}\tput\tk1\tvalue 1");
        assertThat(run.lines().getLast()).matches("11\t1-[0-9a-f]{8}\tdelete\tk1");
    }

    @Test
    void whenARangeIsAskedForThenNothingElseIsDumped() {
        CommandRun run = CommandRun.of("log", "dump", "--from", 4, "--to", 5, file);
        assertThat(run.lines()).extracting(line -> line.split("\t")[0]).containsExactly("4", "5");
    }

    @Test
    void whenBytesAreNotPrintableThenTheDumpIsStillOneLineARecord() {
        Path binary = directory.resolve("binary.log");
        try (TestLog log = TestLog.lead(binary)) {
            log.put(new byte[] {0, (byte) 0xff, 'k'}, bytes("a\tb\r\\\u001b[31m"));
            log.put(bytes("grüße"), bytes("日本 \u202e \u0085 😀"));
            log.put(bytes("cut"), new byte[] {(byte) 0xe6, (byte) 0x97});
        }
        assertThat(CommandRun.of("log", "dump", binary).lines())
                .extracting(line -> line.substring(line.indexOf("put")))
                .containsExactly(
                        "put\t\\x00\\xffk\ta\\tb\\r\\\\\\x1b[31m",
                        "put\tgrüße\t日本 \\xe2\\x80\\xae \\xc2\\x85 😀",
                        "put\tcut\t\\xe6\\x97");

        List<JsonNode> json =
                CommandRun.of("log", "dump", "--json", binary).lines().stream()
                        .map(LogCommandsTests::json)
                        .toList();
        assertThat(json.get(0).path("keyBase64").asString()).isEqualTo("AP9r");
        assertThat(json.get(0).path("value").asString()).isEqualTo("a\tb\r\\\u001b[31m");
        assertThat(json.get(1).path("key").asString()).isEqualTo("grüße");
        assertThat(json.get(1).path("value").asString()).isEqualTo("日本 \u202e \u0085 😀");
        assertThat(json.get(2).path("valueBase64").asString()).isEqualTo("5pc=");
    }

    @Test
    void whenFramesAreAskedForThenEachStandsBeforeItsRecords() {
        List<String> lines = CommandRun.of("log", "dump", "--frames", file).lines();
        assertThat(lines).hasSize(24);
        assertThat(lines.get(0))
                .matches(
                        "# frame records offset=64 size=48 epoch=1-[0-9a-f]{8} position=1 records=0 unforced=0");
        assertThat(lines.get(1)).startsWith("# frame records offset=112 ");
        assertThat(lines.get(2)).startsWith("1\t");
    }

    @Test
    void whenALogIsCorruptThenTheDumpEndsBeforeTheDamageUnlessToldOtherwise() throws IOException {
        LogFrame frame = TestLog.frames(file).get(5);
        TestLog.flip(file, frame.offset() + 55);
        CommandRun run = CommandRun.of("log", "dump", file);
        assertThat(run.code()).isEqualTo(ExitCode.CORRUPT);
        assertThat(run.err()).contains("corrupt at offset " + frame.offset());
        assertThat(run.lines()).hasSize(4);

        assertThat(CommandRun.of("log", "dump", "--behind-damage", file).lines())
                .extracting(line -> line.split("\t")[0])
                .containsExactly("1", "2", "3", "4", "6", "7", "8", "9", "10", "11");
    }

    @Test
    void whenALogWasCompactedThenItsBaseIsShownAsBase() {
        try (TestLog log = TestLog.lead(file)) {
            log.compact();
            log.put("after", "1");
        }
        CommandRun dump = CommandRun.of("log", "dump", file);
        assertThat(dump.lines()).hasSize(10);
        assertThat(dump.lines().getFirst()).matches("11\t.*\tbase\tk10\tvalue 10");
        assertThat(dump.lines().getLast()).matches("12\t2-.*\tput\tafter\t1");

        assertThat(CommandRun.of("log", "verify", file).out())
                .containsPattern("base position +11\n")
                .containsPattern("base records +9\n")
                .containsPattern("(?m)^ *records +1\n")
                .containsPattern("epochs +2: ");
    }

    @Test
    void whenStatsAreAskedForThenTheyCountWhatIsLive() {
        CommandRun run = CommandRun.of("log", "stats", file);
        assertThat(run.code()).isEqualTo(ExitCode.GOOD);
        assertThat(run.out())
                .containsPattern("records +10 puts, 1 deletes, 0 in the base\n")
                .containsPattern("live +9 keys, 110 bytes as records\n")
                .containsPattern("frames +13 \\(2 empty\\), 48 to 62 bytes, ");

        JsonNode json = json(CommandRun.of("log", "stats", "--json", file).out());
        assertThat(json.path("liveKeys").asInt()).isEqualTo(9);
        assertThat(json.path("framesUpToBytes").path("64").asInt()).isEqualTo(13);
    }

    @Test
    void whenAnyByteIsChangedThenItIsSeenAndEveryCommandEndsInOrder() throws IOException {
        Path small = directory.resolve("small.log");
        try (TestLog log = TestLog.lead(small)) {
            log.put("before", "1");
            log.compact();
            log.put("after", "2");
            log.delete("before");
        }
        byte[] good = Files.readAllBytes(small);
        for (int at = 0; at < good.length; at++) {
            byte[] bad = good.clone();
            bad[at] ^= (byte) (1 + at % 255);
            Files.write(small, bad);
            LogReport report = LogInspector.read(small, LogInspector.Visitor.NONE);
            assertThat(report.verdict()).as("byte %d", at).isNotEqualTo(LogReport.Verdict.GOOD);
            if (at % 31 != 0) {
                continue;
            }
            for (String command : List.of("verify", "dump --behind-damage", "repair --dry-run")) {
                CommandRun run =
                        CommandRun.of((Object[]) ("log " + command + " " + small).split(" "));
                assertThat(run.code())
                        .as("%s, byte %d", command, at)
                        .isEqualTo(ExitCode.of(report.verdict()));
            }
        }
    }

    @Test
    void whenALogIsCutAnywhereThenItIsGoodOrTorn() throws IOException {
        byte[] good = Files.readAllBytes(file);
        List<Long> ends = TestLog.frames(file).stream().map(f -> f.offset() + f.size()).toList();
        for (int size = 0; size < good.length; size++) {
            Files.write(file, Arrays.copyOf(good, size));
            boolean whole = size == 64 || ends.contains((long) size);
            assertThat(LogInspector.read(file, LogInspector.Visitor.NONE).verdict())
                    .as("cut at %d", size)
                    .isEqualTo(whole ? LogReport.Verdict.GOOD : LogReport.Verdict.TORN_TAIL);
        }
    }

    @Test
    void whenALogIsRepairedThenTheLossIsToldTheOriginalKeptAndTheRestGood() throws IOException {
        byte[] before = Files.readAllBytes(file);
        LogFrame frame = TestLog.frames(file).get(8);
        TestLog.flip(file, frame.offset() + 50);
        byte[] damaged = Files.readAllBytes(file);

        CommandRun run = CommandRun.of("log", "repair", "--yes", file);
        assertThat(run.code()).isEqualTo(ExitCode.GOOD);
        assertThat(run.out())
                .contains(
                        "Lost by a cut at offset %d: %d bytes."
                                .formatted(frame.offset(), before.length - frame.offset()))
                .contains("Readable among them: 4 frames with 3 records, positions 9 to 11.")
                .contains("Damaged: 1 frames that held 1 records.")
                .contains("Not readable: what was at positions 8 to 8.")
                .contains("its last position is 7");
        assertThat(directory.resolve("leader.log.before-repair")).hasBinaryContent(damaged);
        assertThat(CommandRun.of("log", "verify", file).code()).isEqualTo(ExitCode.GOOD);
        try (TestLog log = TestLog.lead(file)) {
            log.put("next", "1");
        }
        assertThat(CommandRun.of("log", "dump", file).lines().getLast())
                .matches("8\t2-.*\tput\tnext\t1");
    }

    @Test
    void whenThereIsACopyOfAnEarlierRepairThenItStays() throws IOException {
        Path earlier = directory.resolve("leader.log.before-repair");
        Files.writeString(earlier, "earlier");
        Files.write(file, new byte[5], StandardOpenOption.APPEND);
        assertThat(CommandRun.of("log", "repair", "--yes", file).code()).isZero();
        assertThat(earlier).hasContent("earlier");
        assertThat(directory.resolve("leader.log.before-repair-1")).exists();
    }

    @Test
    void whenNobodyAgreesThenRepairChangesNothing() throws IOException {
        TestLog.flip(file, TestLog.frames(file).get(4).offset());
        byte[] damaged = Files.readAllBytes(file);
        CommandRun pipe = CommandRun.of("log", "repair", file);
        assertThat(pipe.code()).isEqualTo(ExitCode.REFUSED);
        assertThat(pipe.err()).contains("give --yes");
        assertThat(CommandRun.answering("no", "log", "repair", file).code())
                .isEqualTo(ExitCode.REFUSED);
        assertThat(CommandRun.of("log", "repair", "--dry-run", file).code())
                .isEqualTo(ExitCode.CORRUPT);
        assertThat(file).hasBinaryContent(damaged);
        assertThat(CommandRun.answering("yes", "log", "repair", file).code())
                .isEqualTo(ExitCode.GOOD);
    }

    @Test
    void whenALogIsGoodThenRepairChangesNothing() throws IOException {
        byte[] before = Files.readAllBytes(file);
        CommandRun run = CommandRun.of("log", "repair", "--yes", file);
        assertThat(run.code()).isEqualTo(ExitCode.GOOD);
        assertThat(run.out()).contains("nothing to repair");
        assertThat(file).hasBinaryContent(before);
    }

    @Test
    void whenTheBaseIsDamagedThenRepairRefuses() throws IOException {
        try (TestLog log = TestLog.lead(file)) {
            log.compact();
        }
        TestLog.flip(file, 64 + 50);
        byte[] damaged = Files.readAllBytes(file);
        CommandRun run = CommandRun.of("log", "repair", "--yes", file);
        assertThat(run.code()).isEqualTo(ExitCode.CORRUPT);
        assertThat(run.out()).contains("The base of the log is damaged");
        assertThat(file).hasBinaryContent(damaged);
    }

    @Test
    void whenAProcessHoldsTheDirectoryThenRepairRefusesAndReadsGoOn() throws IOException {
        Files.write(file, new byte[5], StandardOpenOption.APPEND);
        try (var held = DataDirectory.open(directory)) {
            assertThat(held.path()).isEqualTo(directory);
            CommandRun run = CommandRun.of("log", "repair", "--yes", file);
            assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
            assertThat(run.err()).contains("in use by another keyval process");
            assertThat(CommandRun.of("log", "verify", file).code()).isEqualTo(ExitCode.TORN_TAIL);
        }
    }

    @Test
    void whenANodeAppendsMeanwhileThenALogIsStillRead() {
        Path busy = directory.resolve("busy.log");
        try (TestLog log = TestLog.lead(busy)) {
            Thread writer =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        for (int i = 0; i < 300; i++) {
                                            log.put("k", "v".repeat(1 + i * 50));
                                        }
                                    });
            while (writer.isAlive()) {
                CommandRun run = CommandRun.of("log", "verify", busy);
                assertThat(run.code()).isIn(ExitCode.GOOD, ExitCode.TORN_TAIL);
            }
        }
        assertThat(CommandRun.of("log", "verify", busy).code()).isEqualTo(ExitCode.GOOD);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "log",
                "log nothing",
                "log verify",
                "log verify --fast x",
                "log dump --from x y",
                "backup",
                "backup one",
                "backup --node nonsense",
                "restore x",
                "restore x --data-dir y --name ../z.log"
            })
    void whenTheCommandLineIsWrongThenItSaysHowItIsRight(String line) {
        CommandRun run = CommandRun.of((Object[]) line.split(" "));
        assertThat(run.code()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("Usage: ").doesNotContain("\tat ");
        assertThat(run.out()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "help",
                "log --help",
                "log verify --help",
                "log dump --help",
                "log stats --help",
                "log repair --help",
                "backup --help",
                "restore --help"
            })
    void whenHelpIsAskedForThenItIsPrinted(String line) {
        CommandRun run = CommandRun.of((Object[]) line.split(" "));
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("Usage: ").doesNotContain("%n");
    }

    @Test
    void whenCompletionIsAskedForThenAScriptIsPrinted() {
        CommandRun run = CommandRun.of("generate-completion");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("verify").contains("complete -F");
    }

    @Test
    void whenTheBarIsDrawnThenItTellsHowFarItIs() {
        assertThat(ProgressBar.line(500_000_000, 1_000_000_000, 2_000_000_000L))
                .isEqualTo("[###############...............]  50 %  250 MB/s  2 s left");
        assertThat(Json.of(Map.of("a", List.of(1, "b\"")))).isEqualTo("{\"a\":[1,\"b\\\"\"]}");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text);
    }
}
