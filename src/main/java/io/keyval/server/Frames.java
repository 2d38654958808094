package io.keyval.server;

import io.keyval.protocol.HelloLines;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.springframework.core.serializer.Deserializer;
import org.springframework.core.serializer.Serializer;

/**
 * What one message of a connection is, in each part of its life. Stateless: what has arrived and is
 * not yet taken stays in the connection's {@link LineInput}, so a change of frame loses no byte.
 */
final class Frames {

    /** The first line of a connection. */
    static final Deserializer<byte[]> HELLO = in -> input(in).line(HelloLines.MAX_SIZE);

    /** Whatever has arrived: what a follower sends is not made of lines. */
    static final Deserializer<byte[]> BYTES = in -> input(in).bytes();

    /** No message ever: what still comes after the last reply is dropped. */
    static final Deserializer<byte[]> NOTHING = in -> input(in).nothing();

    /** Messages go out as they are. */
    static final Serializer<byte[]> AS_IT_IS = Frames::write;

    private Frames() {}

    /** All whole lines that have arrived. */
    static Deserializer<byte[]> lines(int maxLine) {
        return in -> input(in).lines(maxLine);
    }

    private static LineInput input(InputStream in) {
        return (LineInput) in;
    }

    private static void write(byte[] bytes, OutputStream out) throws IOException {
        out.write(bytes);
    }
}
