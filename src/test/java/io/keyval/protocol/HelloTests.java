package io.keyval.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HelloTests {

    @ParameterizedTest
    @ValueSource(strings = {"HELLO CLIENT", "HELLO CLIENT\r"})
    void whenAClientSaysHelloThenItIsAClient(String line) {
        assertThat(parse(line)).isEqualTo(new Hello.Client());
    }

    @ParameterizedTest
    @CsvSource({
        "HELLO FOLLOWER|2:secret, 2, secret",
        "HELLO FOLLOWER|1:s, 1, s",
        "HELLO FOLLOWER|2147483647:s, 2147483647, s",
        "HELLO FOLLOWER|0000000000000000002:s, 2, s",
        "HELLO FOLLOWER|2:a:b|c d, 2, a:b|c d",
        "HELLO FOLLOWER|2::, 2, :",
    })
    void whenAFollowerSaysHelloThenItsIdAndSecretAreRead(String line, int id, String secret) {
        assertThat(parse(line))
                .isInstanceOfSatisfying(
                        Hello.Follower.class,
                        follower -> {
                            assertThat(follower.id()).isEqualTo(id);
                            assertThat(follower.secret()).asString().isEqualTo(secret);
                        });
    }

    @ParameterizedTest
    @CsvSource({
        "HELLO CLIENT|secret, secret",
        "HELLO CLIENT|a|b:c d, a|b:c d",
        "HELLO CLIENT||, |",
    })
    void whenAClientShowsASecretThenItIsAllBehindTheBar(String line, String secret) {
        for (String end : List.of("", "\r")) {
            assertThat(parse(line + end))
                    .isInstanceOfSatisfying(
                            Hello.SecretClient.class,
                            client -> assertThat(client.secret()).asString().isEqualTo(secret));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\r",
                "HELLO",
                "HELLO ",
                "HELLO CLIENT ",
                "hello client",
                "HELLO  CLIENT",
                "HELLO CLIENTS",
                "HELLO CLIENT|",
                "HELLO CLIENT|\r",
                "HELLO CLIENT:secret",
                " HELLO CLIENT",
                "HELLO SERVER",
                "PING",
                "GET / HTTP/1.1",
                "HELLO FOLLOWER",
                "HELLO FOLLOWER|",
                "HELLO FOLLOWER|2",
                "HELLO FOLLOWER|2:",
                "HELLO FOLLOWER|2:\r",
                "HELLO FOLLOWER|:secret",
                "HELLO FOLLOWER|0:secret",
                "HELLO FOLLOWER|00:secret",
                "HELLO FOLLOWER|-2:secret",
                "HELLO FOLLOWER|+2:secret",
                "HELLO FOLLOWER|x:secret",
                "HELLO FOLLOWER|2x:secret",
                "HELLO FOLLOWER|2 :secret",
                "HELLO FOLLOWER| 2:secret",
                "HELLO FOLLOWER|2147483648:secret",
                "HELLO FOLLOWER|4294967298:secret",
                "HELLO FOLLOWER|18446744073709551618:secret",
                "HELLO FOLLOWER|99999999999999999999999999999999999999:secret",
                "HELLO FOLLOWER|2.0:secret",
                "HELLO FOLLOWER 2:secret",
                "HELLO FOLLOWER:2:secret",
                "HELLO LEADER",
                "\0",
                "HELLO FOLLOWER|\u00b2:secret"
            })
    void whenALineIsNoHelloThenItIsMalformed(String line) {
        assertThat(parse(line)).isEqualTo(new Hello.Malformed());
    }

    private static Hello parse(String line) {
        byte[] bytes = ("x" + line + "x").getBytes(ISO_8859_1);
        return Hello.parse(bytes, 1, bytes.length - 1);
    }
}
