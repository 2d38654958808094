package io.keyval.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code cli}: talks the line protocol to a node. */
@Command(
        name = "cli",
        description = {
            "Talks to a node.",
            "With a COMMAND: runs it and prints the reply. Its words are joined by spaces, so a value"
                    + " with spaces may stand in quotes or not.",
            "Without one, on a terminal: asks for commands, with history, completion by tab and the"
                    + " time that each took.",
            "Without one, in a pipe: sends each line of standard input as it is, without waiting, and"
                    + " prints the replies, a line each.",
            "",
            "Commands: PUT KEY VALUE, GET KEY, DELETE KEY, PING."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done; in a pipe: no command failed",
            "1:the key of the one COMMAND was absent",
            "3:the node refused a command, or this client; standard error says why",
            "4:there is no node, or the connection broke",
            "64:the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${ROOT-COMMAND-NAME} cli",
            "  ${ROOT-COMMAND-NAME} cli PUT greeting hello, world",
            "  ${ROOT-COMMAND-NAME} cli --host kv-1.example --tls --tls-ca ca.pem GET greeting",
            "  KEYVAL_CLIENT_SECRET=... ${ROOT-COMMAND-NAME} cli GET greeting",
            "  seq 1000000 | sed 's/.*/PUT key-& value-&/' | ${ROOT-COMMAND-NAME} cli | sort | uniq -c"
        })
final class ClientCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Mixin private ClientOptions options = new ClientOptions();

    @Parameters(
            paramLabel = "COMMAND",
            arity = "0..*",
            description = "A verb and its words. Everything behind the verb belongs to it.")
    private List<String> words = List.of();

    ClientCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        if (!words.isEmpty()) {
            OneCommand command = OneCommand.of(words);
            return command.run(options.node(terminal), terminal);
        }
        NodeAddress node = options.node(terminal);
        boolean person =
                terminal.isTerminal(Terminal.Stream.IN) && terminal.isTerminal(Terminal.Stream.OUT);
        return person ? new Shell(node, terminal).run() : new PipedCommands(terminal).run(node);
    }
}
