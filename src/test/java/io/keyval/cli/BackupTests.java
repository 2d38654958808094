package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.it.FreePorts;
import io.keyval.wal.LogFrame;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies of logs, there and back. */
class BackupTests {

    @TempDir Path directory;
    private Path file;
    private Path backup;

    @BeforeEach
    void writeALog() {
        file = directory.resolve("leader.log");
        backup = directory.resolve("backup.log");
        TestLog.write(file, 10);
    }

    @Test
    void whenALogIsBackedUpAndRestoredThenItIsTheSame() throws IOException {
        CommandRun run = CommandRun.of("backup", file, backup);
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .isEqualTo(
                        "%s: %d bytes, position 11, checked%n".formatted(backup, Files.size(file)));
        Path data = directory.resolve("new/data");
        assertThat(CommandRun.of("restore", backup, "--data-dir", data).code()).isZero();
        assertThat(data.resolve("leader.log")).hasSameBinaryContentAs(file);
        try (var files = Files.list(data)) {
            assertThat(files.map(entry -> entry.getFileName().toString()))
                    .containsExactlyInAnyOrder("keyval.lock", "leader.log");
        }
    }

    @Test
    void whenALogHasATornTailThenTheCopyIsWithoutIt() throws IOException {
        byte[] good = Files.readAllBytes(file);
        Files.write(file, new byte[17], StandardOpenOption.APPEND);
        CommandRun run = CommandRun.of("backup", file, backup);
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("torn tail of 17 bytes");
        assertThat(backup).hasBinaryContent(good);
    }

    @Test
    void whenALogIsCorruptThenNoCopyIsMade() throws IOException {
        LogFrame frame = TestLog.frames(file).get(3);
        TestLog.flip(file, frame.offset() + 5);
        CommandRun run = CommandRun.of("backup", file, backup);
        assertThat(run.code()).isEqualTo(ExitCode.CORRUPT);
        assertThat(run.err()).contains("corrupt at offset " + frame.offset());
        assertThat(backup).doesNotExist();

        Path data = directory.resolve("data");
        CommandRun restore = CommandRun.of("restore", file, "--data-dir", data);
        assertThat(restore.code()).isEqualTo(ExitCode.CORRUPT);
        assertThat(data.resolve("leader.log")).doesNotExist();
    }

    @Test
    void whenAFileIsCutInsideItsHeaderThenNoCopyIsMade() throws IOException {
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 10));
        assertThat(CommandRun.of("backup", file, backup).code()).isEqualTo(ExitCode.CORRUPT);
        assertThat(backup).doesNotExist();
    }

    @Test
    void whenTheTargetIsThereThenItStaysAsItIs() throws IOException {
        Files.writeString(backup, "mine");
        CommandRun run = CommandRun.of("backup", file, backup);
        assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
        assertThat(backup).hasContent("mine");
    }

    @Test
    void whenTheDataDirectoryIsNotEmptyThenRestoreRefuses() throws IOException {
        Path data = Files.createDirectory(directory.resolve("data"));
        Files.writeString(data.resolve("other.txt"), "");
        CommandRun run = CommandRun.of("restore", file, "--data-dir", data);
        assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
        assertThat(run.err()).contains("is not empty, it holds other.txt. Nothing was changed.");
        try (var files = Files.list(data)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void whenARestoreWasInterruptedThenTheNextOneSucceeds() throws IOException {
        Path data = Files.createDirectory(directory.resolve("data"));
        Files.writeString(data.resolve("follower_2.log.new"), "half");
        CommandRun run =
                CommandRun.of("restore", file, "--data-dir", data, "--name", "follower_2.log");
        assertThat(run.code()).isZero();
        assertThat(data.resolve("follower_2.log")).hasSameBinaryContentAs(file);
        assertThat(data.resolve("follower_2.log.new")).doesNotExist();
    }

    @Test
    void whenNoNodeAnswersThenOneSentenceSaysSo() throws IOException {
        String url = "http://127.0.0.1:" + FreePorts.one();
        CommandRun run = CommandRun.withSecret("s", "backup", "--node", url);
        assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
        assertThat(run.err()).isEqualTo("No node answers HTTP at %s.%n".formatted(url));
    }

    @Test
    void whenThereIsNoSecretThenOneSentenceAsksForIt() {
        CommandRun run = CommandRun.of("backup", "--node", "http://127.0.0.1:1");
        assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
        assertThat(run.err()).contains("Set KEYVAL_SECRET");
        CommandRun inUrl = CommandRun.of("backup", "--node", "http://keyval:s@127.0.0.1:1");
        assertThat(inUrl.code()).isEqualTo(ExitCode.USAGE);
    }
}
