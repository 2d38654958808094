package io.keyval.protocol;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A line to a command, and replies to lines. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ParserBenchmark {

    private static final int REPLIES = 16;

    private final CommandParser parser = new CommandParser(new Limits(64 << 10, 1 << 20));
    private final byte[] get = bytes("GET key:0000012345");
    private final byte[] put = bytes("PUT key:0000012345 " + "x".repeat(64));
    private final ReplyEncoder encoder = ReplyEncoder.missAsEmptyLine();
    private final List<Reply> values =
            Collections.nCopies(REPLIES, new Reply.Value(bytes("x".repeat(64))));

    private static byte[] bytes(String line) {
        return line.getBytes(StandardCharsets.US_ASCII);
    }

    /** One GET. */
    @Benchmark
    public Command parseGet() {
        return parser.parse(get, 0, get.length);
    }

    /** One PUT with a value of 64 bytes. */
    @Benchmark
    public Command parsePut() {
        return parser.parse(put, 0, put.length);
    }

    /** Sixteen values of 64 bytes. */
    @Benchmark
    public byte[] encodeSixteenValues() {
        return encoder.encode(values, 0, REPLIES);
    }
}
