package io.keyval.cli;

import io.keyval.wal.CorruptLogException;
import io.keyval.wal.WalException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IVersionProvider;

/** The command line of the jar, apart from starting a node. */
public final class Cli {

    private static final Set<String> COMMANDS =
            Set.of(
                    "bench",
                    "cli",
                    "status",
                    "import",
                    "export",
                    "log",
                    "backup",
                    "restore",
                    "generate-completion",
                    "help",
                    "--help",
                    "-h",
                    "--version",
                    "-V");

    private static final int USAGE_WIDTH = 100;

    /** The version that the jar's manifest tells. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            @Nullable String version = Cli.class.getPackage().getImplementationVersion();
            return new String[] {"keyval " + (version == null ? "(not built)" : version)};
        }
    }

    private Cli() {}

    /** Whether a command line that begins so is one of these commands, and starts no node. */
    public static boolean knows(String argument) {
        return COMMANDS.contains(argument);
    }

    /**
     * Runs a command on the calling thread.
     *
     * @param args the command line
     * @return the exit code; {@code --help} lists them
     */
    public static int run(String[] args) {
        return run(args, new SystemTerminal());
    }

    static int run(String[] args, Terminal terminal) {
        CommandLine line = line(terminal);
        if (args.length > 0 && args[0].equals("generate-completion")) {
            line.setCommandName("keyval");
        }
        int code = line.execute(args);
        terminal.out().flush();
        terminal.err().flush();
        return code;
    }

    /** All commands. */
    static CommandLine line(Terminal terminal) {
        CommandLine line = new CommandLine(new RootCommand(terminal));
        line.setCommandName(System.getProperty("keyval.command", "java -jar keyval.jar"));
        line.addSubcommand(new CommandLine(new ClientCommand(terminal)).setStopAtPositional(true));
        line.addSubcommand(new StatusCommand(terminal));
        line.addSubcommand(new ImportCommand(terminal));
        line.addSubcommand(new ExportCommand(terminal));
        line.addSubcommand(new LogCommands(terminal));
        line.addSubcommand(new BenchCommand(terminal));
        line.getCommandSpec()
                .usageMessage()
                .synopsisHeading("")
                .customSynopsis(
                        "Usage: ${ROOT-COMMAND-NAME} [options] [settings]",
                        "       ${ROOT-COMMAND-NAME} COMMAND [options]");
        line.setUsageHelpWidth(USAGE_WIDTH);
        line.setOut(new PrintWriter(terminal.out(), true));
        line.setErr(new PrintWriter(terminal.err(), true));
        line.setExecutionExceptionHandler(
                (failure, command, parsed) -> failed(failure, command, terminal));
        return line;
    }

    private static int failed(Exception failure, CommandLine command, Terminal terminal)
            throws Exception {
        terminal.out().flush();
        if (failure instanceof OutputClosedException) {
            return ExitCode.REFUSED;
        }
        terminal.err().println(sentence(failure));
        if (failure instanceof WrongUsageException) {
            command.usage(terminal.err());
            return ExitCode.USAGE;
        }
        return switch (failure) {
            case CorruptFileException _ -> ExitCode.CORRUPT;
            case CorruptLogException _ -> ExitCode.CORRUPT;
            case UnreachableException _ -> ExitCode.UNREACHABLE;
            default -> ExitCode.REFUSED;
        };
    }

    private static String sentence(Exception failure) throws Exception {
        return switch (failure) {
            case UnreachableException e -> String.valueOf(e.getMessage());
            case RefusedException e -> String.valueOf(e.getMessage());
            case CorruptFileException e -> String.valueOf(e.getMessage());
            case WrongUsageException e -> String.valueOf(e.getMessage());
            case WalException e -> String.valueOf(e.getMessage());
            case NoSuchFileException e -> "There is no file %s.".formatted(e.getFile());
            case AccessDeniedException e -> "This user may not use %s.".formatted(e.getFile());
            case FileAlreadyExistsException e -> "%s is there already.".formatted(e.getFile());
            case IOException e -> "It could not be done: %s.".formatted(e.getMessage());
            default -> throw failure;
        };
    }
}
