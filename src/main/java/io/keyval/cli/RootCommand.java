package io.keyval.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The jar itself, with {@code backup} and {@code restore}. */
@Command(
        name = "java -jar keyval.jar",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.Version.class,
        scope = CommandLine.ScopeType.INHERIT,
        description = {
            "",
            "Without a command it starts a node. Its options, followed by a space or an equals sign and"
                    + " their value:",
            "  --role leader|follower|cluster",
            "                           what the node does; leader when not given",
            "  --id N                   its id; 1 is the leader's, every other node needs its own",
            "  --port N                 the port for clients and followers, 5000",
            "  --leader_host HOST       where a follower finds its leader, 127.0.0.1",
            "  --leader_port N          the port of its leader, 5000",
            "",
            "Settings are written --name=value, such as --keyval.wal.fsync=1s. They, and more, may"
                    + " also stand in config/application.yml or in the environment. Leader and"
                    + " followers share a secret, best given as KEYVAL_SECRET in the environment.",
            ""
        },
        commandListHeading = "%nCommands:%n",
        exitCodeListHeading = "%nExit codes of commands:%n",
        exitCodeList = {
            "0:done; the log is good; all nodes are well",
            "1:the log has a torn tail, and is good otherwise; the key is absent; a node is not well",
            "2:the log is corrupt",
            "3:it could not be done; standard error says why, and what of it was done",
            "4:there is no node, or the connection broke",
            "64:the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${ROOT-COMMAND-NAME}",
            "  KEYVAL_SECRET=... ${ROOT-COMMAND-NAME} --role follower --id 2 --port 5001",
            "  ${ROOT-COMMAND-NAME} cli PUT greeting hello, world",
            "  ${ROOT-COMMAND-NAME} help status"
        },
        exitCodeOnInvalidInput = ExitCode.USAGE,
        exitCodeOnExecutionException = 70,
        subcommands = {CommandLine.HelpCommand.class, AutoComplete.GenerateCompletion.class})
final class RootCommand {

    private final Terminal terminal;

    RootCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Command(
            name = "backup",
            description = {
                "Makes a checked copy of a log.",
                "With FILE and TARGET: copies the log of a stopped node.",
                "With --node: asks a running node to write a copy into the directory 'backups' of"
                        + " its data directory. The password is the shared secret, from KEYVAL_SECRET in"
                        + " the environment, or asked for on a terminal."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ${ROOT-COMMAND-NAME} backup data/leader.log /mnt/backup/leader.log",
                "  KEYVAL_SECRET=... ${ROOT-COMMAND-NAME} backup --node http://127.0.0.1:8080"
            })
    int backup(
            @Parameters(index = "0", arity = "0..1", paramLabel = "FILE", description = "The log.")
                    @Nullable Path file,
            @Parameters(
                            index = "1",
                            arity = "0..1",
                            paramLabel = "TARGET",
                            description = "A file to create.")
                    @Nullable Path target,
            @Option(
                            names = "--node",
                            paramLabel = "URL",
                            description = "Where the node serves HTTP, as http://127.0.0.1:8080.")
                    @Nullable URI node)
            throws IOException {
        if (node != null && file == null) {
            return new NodeBackup(terminal, node).run();
        }
        if (node != null || file == null || target == null) {
            throw new WrongUsageException("Give FILE and TARGET, or --node URL.");
        }
        new Backup(terminal)
                .copy(file, target, target.resolveSibling(target.getFileName() + ".partial"));
        return ExitCode.GOOD;
    }

    @Command(
            name = "restore",
            description = {
                "Puts a backup into an empty data directory, for a node to start on. The backup is"
                        + " checked before, and the log after."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ${ROOT-COMMAND-NAME} restore /mnt/backup/leader.log --data-dir data",
                "  ${ROOT-COMMAND-NAME} restore leader.log --data-dir data-2 --name follower_2.log"
            })
    int restore(
            @Parameters(paramLabel = "BACKUP", description = "The file that backup wrote.")
                    Path backup,
            @Option(
                            names = "--data-dir",
                            required = true,
                            paramLabel = "DIR",
                            description = "The data directory; it may not exist yet.")
                    Path directory,
            @Option(
                            names = "--name",
                            defaultValue = "leader.log",
                            paramLabel = "NAME",
                            description =
                                    "The log's name: leader.log, or follower_ID.log (default:"
                                            + " ${DEFAULT-VALUE}).")
                    String name)
            throws IOException {
        if (!name.matches("leader\\.log|follower_[1-9][0-9]*\\.log")) {
            throw new WrongUsageException("--name must be leader.log or follower_ID.log.");
        }
        new Restore(new Backup(terminal)::copy).run(backup, directory, name);
        return ExitCode.GOOD;
    }
}
