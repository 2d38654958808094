package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log that the manual explains byte by byte is one. */
class LogFormatPageTests {

    private static final Pattern HEX_LINE =
            Pattern.compile("(?m)^[0-9a-f]{8} ((?: {1,2}[0-9a-f]{2})+)");

    @Test
    void whenTheHexDumpOfThePageIsReadThenItIsTheLogThatThePageTells(@TempDir Path directory)
            throws IOException {
        String page = Files.readString(Path.of("docs/log-format.md"));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Matcher lines = HEX_LINE.matcher(page);
        while (lines.find()) {
            bytes.writeBytes(HexFormat.of().parseHex(lines.group(1).replace(" ", "")));
        }
        Path file = directory.resolve("page.log");
        Files.write(file, bytes.toByteArray());

        CommandRun dump = CommandRun.of("log", "dump", "--frames", file);
        assertThat(dump.code()).isZero();
        assertThat(dump.lines()).hasSize(7);
        assertThat(page).contains("```\n" + dump.out() + "```\n");
    }
}
