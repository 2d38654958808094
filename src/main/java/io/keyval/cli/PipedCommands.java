package io.keyval.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Passes lines on to a node as they are, and its replies back as they are. Failures are told on
 * standard error, too, the first of them one by one.
 */
final class PipedCommands implements Pipeline.Source, Pipeline.Replies {

    private static final int TOLD = 10;
    private static final byte[] NOTHING = {};

    private final Terminal terminal;
    private final InputLines input;
    private final OutputStream out;
    private long replies;
    private long failures;
    private volatile boolean closed;

    PipedCommands(Terminal terminal) {
        this.terminal = terminal;
        this.input = new InputLines(terminal.in());
        this.out = new BufferedOutputStream(terminal.out(), 1 << 16);
    }

    int run(NodeAddress node) throws IOException {
        try (NodeConnection connection = NodeConnection.open(node)) {
            new Pipeline(connection, node).run(this, this);
        } catch (UnreachableException e) {
            out.flush();
            throw new UnreachableException(
                    "%s It answered %d commands; what was sent behind them may be done or not."
                            .formatted(e.getMessage(), replies));
        } catch (BadLineException e) {
            out.flush();
            throw new RefusedException(
                    "Line %d: %s; it was not sent, nor what stands behind it."
                            .formatted(e.line(), e.getMessage()));
        }
        if (failures > TOLD) {
            terminal.err().printf("%d of %d commands failed.%n", failures, replies);
        }
        if (closed && input.hasNext()) {
            terminal.err().println("What stands behind CLOSE was not sent.");
        }
        return failures > 0 ? ExitCode.REFUSED : ExitCode.GOOD;
    }

    @Override
    public Pipeline.@Nullable Batch next() throws IOException {
        if (closed || !input.fill()) {
            return null;
        }
        BatchBuilder batch = new BatchBuilder();
        do {
            byte[] line = input.next();
            batch.add(NOTHING, line, input.line());
            closed = isClose(line);
        } while (!closed && input.hasNext() && !batch.isFull());
        return batch.build(input.offset());
    }

    private static boolean isClose(byte[] line) {
        int length =
                line.length > 0 && line[line.length - 1] == '\r' ? line.length - 1 : line.length;
        return length == 5
                && line[0] == 'C'
                && line[1] == 'L'
                && line[2] == 'O'
                && line[3] == 'S'
                && line[4] == 'E';
    }

    @Override
    public boolean reply(byte verb, long line, NodeConnection connection) throws IOException {
        replies++;
        connection.copyLineTo(out);
        out.write('\n');
        Answer answer = Answer.of(verb, connection);
        if (answer != null && answer.isFailure() && ++failures <= TOLD) {
            terminal.err().printf("Line %d: %s%n", line, answer.sentence());
        }
        return true;
    }

    @Override
    public void batchDone(Pipeline.Batch batch) throws IOException {
        out.flush();
        if (terminal.out().checkError()) {
            throw new OutputClosedException();
        }
    }
}
