package io.keyval.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.keyval.command.Command;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandParserTests {

    private final CommandParser parser = new CommandParser(new Limits(8, 16));

    static Stream<Arguments> commands() {
        return Stream.of(
                arguments("PUT a b", "put [a] [b]"),
                arguments("PUT key a b  c ", "put [key] [a b  c ]"),
                arguments("PUT a  b", "put [a] [ b]"),
                arguments("PUT a  ", "put [a] [ ]"),
                arguments("PUT a b\r", "put [a] [b]"),
                arguments("PUT a b\r\r", "put [a] [b\r]"),
                arguments("PUT a \r\r", "put [a] [\r]"),
                arguments("PUT a\rb c\rd", "put [a\rb] [c\rd]"),
                arguments("PUT \0\u00ff \u00ff\0", "put [\0\u00ff] [\u00ff\0]"),
                arguments("PUT 12345678 1234567890123456", "put [12345678] [1234567890123456]"),
                arguments("GET a", "get [a]"),
                arguments("GET a\r", "get [a]"),
                arguments("GET 12345678", "get [12345678]"),
                arguments("DELETE a", "delete [a]"),
                arguments("DELETE 12345678\r", "delete [12345678]"),
                arguments("PING", "ping"),
                arguments("PING\r", "ping"),
                arguments("CLOSE", "close"),
                arguments("CLOSE\r", "close"));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void whenALineIsACommandThenItIsThatCommand(String line, String expected) {
        assertThat(parse(line)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\r",
                " ",
                "P",
                "PU",
                "PUT",
                "PUT ",
                "PUT  ",
                "PUT a",
                "PUT a ",
                "PUT a \r",
                "PUT  a b",
                "PUT  b",
                " PUT a b",
                "put a b",
                "Put a b",
                "PUTa b",
                "PUT\ta b",
                "PUT 123456789 b",
                "PUT a 12345678901234567",
                "G",
                "GET",
                "GET ",
                "GET  ",
                "GET \r",
                "GET a b",
                "GET a ",
                "GET  a",
                "get a",
                "GETa",
                "GET 123456789",
                "D",
                "DELETE",
                "DELETE ",
                "DELETE a b",
                "DELETE a ",
                "DELETE  a",
                "delete a",
                "DELETE 123456789",
                "PIN",
                "PING ",
                "PING a",
                "PINGS",
                "ping",
                "C",
                "CLOS",
                "CLOSE ",
                "CLOSE a",
                "CLOSED",
                "close",
                "HELLO CLIENT",
                "EXISTS a",
                "\0",
                "\u00ff"
            })
    void whenALineIsNoCommandThenItIsInvalid(String line) {
        assertThat(parse(line)).isEqualTo("invalid");
    }

    @Test
    void whenTheLineStandsBetweenOthersThenTheyDoNotMatter() {
        byte[] bytes = "GET xPUT a b\r\nGET y".getBytes(ISO_8859_1);

        assertThat(text(parser.parse(bytes, 5, 13))).isEqualTo("put [a] [b]");
        assertThat(text(parser.parse(bytes, 5, 8))).isEqualTo("invalid");
        assertThat(text(parser.parse(bytes, 5, 5))).isEqualTo("invalid");
    }

    @Test
    void whenTheBytesAreReusedThenTheCommandKeepsItsOwn() {
        byte[] bytes = "PUT a b".getBytes(ISO_8859_1);
        Command command = parser.parse(bytes, 0, bytes.length);
        Arrays.fill(bytes, (byte) 'x');

        assertThat(text(command)).isEqualTo("put [a] [b]");
    }

    @Test
    void whenLinesAreRandomThenWhatIsAcceptedSaysTheSameLineAgain() {
        Random random = new Random(20);
        String[] pieces = {
            "PUT", "GET", "DELETE", "PING", "CLOSE", " ", " ", " ", "a", "key", "\r", "\0", "\u00fe"
        };
        int accepted = 0;
        for (int i = 0; i < 200_000; i++) {
            StringBuilder line = new StringBuilder();
            for (int words = random.nextInt(7); words >= 0; words--) {
                line.append(pieces[random.nextInt(pieces.length)]);
            }
            byte[] bytes = line.toString().getBytes(ISO_8859_1);
            Command command = parser.parse(bytes, 0, bytes.length);
            if (command instanceof Command.Invalid) {
                continue;
            }
            accepted++;
            String rebuilt =
                    switch (command) {
                        case Command.Put(byte[] key, byte[] value) -> {
                            assertThat(key.length).isBetween(1, 8);
                            assertThat(value.length).isBetween(1, 16);
                            yield "PUT " + string(key) + " " + string(value);
                        }
                        case Command.Get(byte[] key) -> "GET " + string(key);
                        case Command.Delete(byte[] key) -> "DELETE " + string(key);
                        case Command.Ping() -> "PING";
                        case Command.Close() -> "CLOSE";
                        case Command.Invalid() -> throw new AssertionError();
                    };
            assertThat(line.toString()).isIn(rebuilt, rebuilt + "\r");
        }
        assertThat(accepted).isGreaterThan(1_000);
    }

    private String parse(String line) {
        byte[] bytes = line.getBytes(ISO_8859_1);
        return text(parser.parse(bytes, 0, bytes.length));
    }

    private static String text(Command command) {
        return switch (command) {
            case Command.Put(byte[] key, byte[] value) ->
                    "put [" + string(key) + "] [" + string(value) + "]";
            case Command.Get(byte[] key) -> "get [" + string(key) + "]";
            case Command.Delete(byte[] key) -> "delete [" + string(key) + "]";
            case Command.Ping() -> "ping";
            case Command.Close() -> "close";
            case Command.Invalid() -> "invalid";
        };
    }

    private static String string(byte[] bytes) {
        return new String(bytes, ISO_8859_1);
    }
}
