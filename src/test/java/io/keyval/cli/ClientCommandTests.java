package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.it.FreePorts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code cli} with a command, and in a pipe. */
class ClientCommandTests {

    private final FakeNode node = FakeNode.start();

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void whenACommandIsGivenThenItsReplyIsPrinted() {
        assertThat(cli("PUT", "greeting", "hello,  world"))
                .isEqualTo(new CommandRun(ExitCode.GOOD, "OK\n", ""));
        assertThat(cli("get", "greeting"))
                .isEqualTo(new CommandRun(ExitCode.GOOD, "hello,  world\n", ""));
        assertThat(cli("PUT", "a", "-x", "--help", "c").code()).isZero();
        assertThat(node.entries).containsEntry("a", "-x --help c");
        assertThat(cli("PING").out()).isEqualTo("PONG\n");
    }

    @Test
    void whenAKeyIsAbsentThenTheExitCodeSaysSo() {
        assertThat(cli("GET", "nope")).isEqualTo(new CommandRun(ExitCode.ABSENT, "\n", ""));
        assertThat(cli("DELETE", "nope"))
                .isEqualTo(new CommandRun(ExitCode.ABSENT, "NOT_FOUND\n", ""));
    }

    @Test
    void whenACommandFailsThenStandardErrorSaysWhy() {
        CommandRun run = cli("PUT", "full", "1");
        assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("ERROR: the node could not do it");
        assertThat(cli("PUT", "a", "two\nlines").err()).contains("cannot hold a line break");
    }

    @Test
    void whenNobodyListensThenTheExitCodeSaysSo() throws IOException {
        int port = FreePorts.one();
        CommandRun run = CommandRun.of("cli", "--port", port, "PING");
        assertThat(run.code()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(run.err()).startsWith("No node answers at 127.0.0.1:" + port).hasLineCount(1);
        CommandRun nowhere = CommandRun.of("cli", "--host", "no.such.invalid", "PING");
        assertThat(nowhere.code()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(nowhere.err()).startsWith("There is no host no.such.invalid.");
    }

    @Test
    void whenTheConnectionBreaksThenAWriteIsSaidToBeDoneOrNot() {
        node.answerOnly(0);
        CommandRun run = cli("PUT", "a", "1");
        assertThat(run.code()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(run.err()).contains("closed the connection. The write may be done or not.");
    }

    @Test
    void whenCommandsComeThroughAPipeThenRepliesComeInOrder() {
        CommandRun run = piped("PUT a 1\r\nGET a\nGET b\nPING");
        assertThat(run).isEqualTo(new CommandRun(ExitCode.GOOD, "OK\n1\n\nPONG\n", ""));
    }

    @Test
    void whenCommandsInAPipeFailThenTheirLinesAreTold() {
        CommandRun run = piped("PING\nFOO\n\nPUT full 1\nPING\n");
        assertThat(run.code()).isEqualTo(ExitCode.REFUSED);
        assertThat(run.out()).isEqualTo("PONG\nINVALID_COMMAND\nINVALID_COMMAND\nERROR\nPONG\n");
        assertThat(run.err().lines())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("Line 2: INVALID_COMMAND: "),
                        line -> assertThat(line).startsWith("Line 3: INVALID_COMMAND: "),
                        line -> assertThat(line).startsWith("Line 4: ERROR: "));
    }

    @Test
    void whenAPipeHoldsBinaryValuesThenTheyPassAsTheyAre() {
        String value =
                new String(new byte[] {0, (byte) 0xff, 27, '\r', 'x'}, StandardCharsets.ISO_8859_1);
        CommandRun run =
                CommandRun.given(
                        ("PUT k " + value + "\n").getBytes(StandardCharsets.ISO_8859_1),
                        "cli",
                        "--port",
                        node.port());
        assertThat(run.code()).isZero();
        assertThat(node.entries).containsEntry("k", value);
    }

    @Test
    void whenManyCommandsComeThenAllAreAnswered() {
        int count = 200_000;
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("PUT key-").append(i).append(" value-").append(i).append('\n');
        }
        CommandRun run = piped(lines.toString());
        assertThat(run.code()).isZero();
        assertThat(run.out()).hasSize(3 * count);
        assertThat(node.entries).hasSize(count);
    }

    @Test
    void whenTheNodeClosesInAPipeThenItIsToldHowFarItCame() {
        node.answerOnly(2);
        CommandRun run = piped("PING\nPING\nPING\nPING\n");
        assertThat(run.code()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(run.out()).isEqualTo("PONG\nPONG\n");
        assertThat(run.err()).contains("It answered 2 commands");
    }

    @ParameterizedTest
    @CsvSource({"hush, 0", "wrong, 3", "'', 3"})
    void whenTheNodeWantsASecretThenOnlyThatOpens(String secret, int code) {
        try (FakeNode guarded = FakeNode.start("hush")) {
            CommandRun run =
                    CommandRun.with(
                            Map.of("KEYVAL_CLIENT_SECRET", secret),
                            new byte[0],
                            "cli",
                            "--port",
                            guarded.port(),
                            "PING");
            assertThat(run.code()).isEqualTo(code);
            if (code != 0) {
                assertThat(run.err()).contains("secret").doesNotContain("wrong");
            }
        }
    }

    @Test
    void whenTheSecretIsAskedForThenWhatIsTypedOpens() {
        try (FakeNode guarded = FakeNode.start("hush")) {
            Object[] args = {"cli", "--port", guarded.port(), "--ask-secret", "PING"};
            assertThat(CommandRun.answering("hush", args).out()).isEqualTo("PONG\n");
            assertThat(CommandRun.of(args).err()).contains("no terminal to ask");
        }
    }

    private CommandRun cli(String... words) {
        Object[] args = new Object[words.length + 3];
        args[0] = "cli";
        args[1] = "--port";
        args[2] = node.port();
        System.arraycopy(words, 0, args, 3, words.length);
        return CommandRun.of(args);
    }

    private CommandRun piped(String lines) {
        return CommandRun.given(
                lines.getBytes(StandardCharsets.UTF_8), "cli", "--port", node.port());
    }
}
