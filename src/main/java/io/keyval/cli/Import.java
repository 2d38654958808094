package io.keyval.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Writes the entries of an input to a node, many under way at a time, and says what is written. */
final class Import implements Pipeline.Source, Pipeline.Replies {

    private static final byte[] PUT = "PUT ".getBytes(StandardCharsets.US_ASCII);
    private static final int TOLD = 10;

    private final Terminal terminal;
    private final InputLines input;
    private final EntryLines format;
    private final long size;
    private final long firstLine;
    private final boolean skipBad;
    private final ProgressBar bar;
    private long written;
    private long lastLine;
    private long refused;
    private volatile long malformed;
    private @Nullable String failure;
    private @Nullable BadLineException bad;

    /**
     * @param size of the input in bytes; 0 when it is not known
     * @param firstLine the lines before it are passed over
     * @param skipBad whether to go on behind a line that is no entry, or that the node does not
     *     take
     */
    Import(
            Terminal terminal,
            InputStream input,
            EntryLines format,
            long size,
            long firstLine,
            boolean skipBad,
            ProgressBar bar) {
        this.terminal = terminal;
        this.input = new InputLines(input);
        this.format = format;
        this.size = size;
        this.firstLine = firstLine;
        this.skipBad = skipBad;
        this.bar = bar;
        this.lastLine = firstLine - 1;
    }

    /** Answers the exit code; says on standard output how much is written, also when it fails. */
    int run(NodeAddress node) throws IOException {
        long begun = System.nanoTime();
        String stopped;
        int code = ExitCode.REFUSED;
        long lastSent = 0;
        try (NodeConnection connection = NodeConnection.open(node)) {
            Pipeline pipeline = new Pipeline(connection, node);
            try {
                pipeline.run(this, this);
                stopped = failure;
            } catch (UnreachableException e) {
                stopped = String.valueOf(e.getMessage());
                code = ExitCode.UNREACHABLE;
            } catch (BadLineException e) {
                stopped =
                        "Line %d is no entry: %s."
                                .formatted(e.line(), Text.printable(e.getMessage() + ""));
            } catch (IOException e) {
                stopped = "The input cannot be read: %s.".formatted(e.getMessage());
            }
            lastSent = pipeline.lastSent();
        }
        bar.clear();
        double seconds = (System.nanoTime() - begun) / 1e9;
        terminal.out()
                .printf(
                        "%d entries written in %.1f s, %s a second%n",
                        written, seconds, Units.count(written / seconds));
        long skipped = refused + malformed;
        if (skipped > 0) {
            terminal.err().printf("Lines skipped: %d%n", skipped);
        }
        if (stopped == null) {
            return skipped > 0 ? ExitCode.REFUSED : ExitCode.GOOD;
        }
        terminal.err().println(stopped);
        terminal.err().print(whatNext(lastSent));
        return code;
    }

    private String whatNext(long lastSent) {
        StringBuilder text = new StringBuilder();
        if (lastLine >= firstLine) {
            text.append("Lines %d to %d are done.%n".formatted(firstLine, lastLine));
        } else {
            text.append("No line is known to be written.%n".formatted());
        }
        if (lastSent > lastLine) {
            text.append(
                    "Of lines %d to %d some may be written.%n".formatted(lastLine + 1, lastSent));
        }
        return text.append("To go on: --from-line %d%n".formatted(lastLine + 1)).toString();
    }

    @Override
    public Pipeline.@Nullable Batch next() throws IOException {
        if (bad != null) {
            throw bad;
        }
        BatchBuilder batch = new BatchBuilder();
        while (batch.isEmpty()) {
            if (!input.fill()) {
                return null;
            }
            while (input.hasNext() && !batch.isFull()) {
                byte[] line = input.next();
                if (input.line() >= firstLine && !EntryLines.isBlank(line)) {
                    try {
                        batch.add(PUT, format.entry(line, input.line()), input.line());
                    } catch (BadLineException e) {
                        if (!skipBad) {
                            if (batch.isEmpty()) {
                                throw e;
                            }
                            bad = e;
                            return batch.build(input.offset());
                        }
                        told(++malformed, e.line(), String.valueOf(e.getMessage()));
                    }
                }
            }
        }
        return batch.build(input.offset());
    }

    private void told(long count, long line, String reason) {
        if (count <= TOLD) {
            terminal.err().printf("Line %d: %s%n", line, Text.printable(reason));
        }
    }

    @Override
    public boolean reply(byte verb, long line, NodeConnection connection) {
        Answer answer = Answer.of(verb, connection);
        if (answer == Answer.OK) {
            written++;
            lastLine = line;
            return true;
        }
        String reason = answer == null ? "the node answers what is no reply" : answer.sentence();
        if (skipBad && answer == Answer.INVALID_COMMAND) {
            lastLine = line;
            told(++refused, line, reason);
            return true;
        }
        failure = "Line %d: %s".formatted(line, reason);
        return false;
    }

    @Override
    public void batchDone(Pipeline.Batch batch) {
        bar.entries(written, batch.offset(), size);
    }
}
