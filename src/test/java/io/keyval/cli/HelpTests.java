package io.keyval.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What is said of every command. */
class HelpTests {

    private static final List<String> OF_PICOCLI = List.of("help", "generate-completion");

    static Stream<CommandLine> commands() {
        return below(Cli.line(new SystemTerminal()));
    }

    private static Stream<CommandLine> below(CommandLine line) {
        return Stream.concat(
                Stream.of(line), line.getSubcommands().values().stream().flatMap(HelpTests::below));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void whenHelpIsAskedForThenThereIsAnExample(CommandLine line) {
        if (OF_PICOCLI.contains(line.getCommandName())) {
            return;
        }
        assertThat(line.getUsageMessage()).contains("Examples:").doesNotContain("${");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void whenThereIsACommandThenThePageTellsOfItAndOfItsOptions(CommandLine line)
            throws IOException {
        String page = Files.readString(Path.of("docs/command-line.md"));
        assertThat(page)
                .contains(
                        line.getCommandSpec().root() == line.getCommandSpec()
                                ? "keyval"
                                : line.getCommandName());
        assertThat(line.getCommandSpec().options())
                .allSatisfy(option -> assertThat(page).contains(option.longestName()));
    }
}
