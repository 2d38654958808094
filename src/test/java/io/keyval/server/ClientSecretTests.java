package io.keyval.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.it.LineClient;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** The secret of clients. */
@Timeout(60)
@ExtendWith(OutputCaptureExtension.class)
class ClientSecretTests {

    private static final String SECRET = "open, sésame|1";

    @TempDir Path directory;

    @Test
    void whenASecretIsSetThenOnlyWhoKnowsItComesIn() {
        try (TestNode node = TestNode.start(directory, "keyval.client-secret=" + SECRET);
                LineClient client = node.connect()) {
            assertThat(client.ask("HELLO CLIENT|" + SECRET)).isEqualTo("HELLO SERVER");
            assertThat(client.ask("PING")).isEqualTo("PONG");
            for (String hello :
                    new String[] {
                        "HELLO CLIENT", "HELLO CLIENT|wrong", "HELLO CLIENT|" + SECRET + "1"
                    }) {
                try (LineClient stranger = node.connect()) {
                    assertThat(stranger.send(hello + "\nPUT a b").readAll())
                            .containsExactly("INVALID_SECRET_KEY");
                }
            }
            try (LineClient malformed = node.connect()) {
                assertThat(malformed.send("HELLO CLIENT|").readAll())
                        .containsExactly("INVALID_HANDSHAKE_MESSAGE");
            }
            assertThat(client.ask("GET a")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"HELLO CLIENT|x", "HELLO CLIENT|"})
    void whenNoSecretIsSetThenAHelloWithOneIsMalformed(String hello) {
        try (TestNode node = TestNode.start(directory);
                LineClient client = node.connect()) {
            assertThat(client.send(hello).readAll()).containsExactly("INVALID_HANDSHAKE_MESSAGE");
        }
    }

    @Test
    void whenManySecretsAreTriedThenTheLogTellsItOnceAndNoneOfThem(CapturedOutput output) {
        try (TestNode node = TestNode.start(directory, "keyval.client-secret=" + SECRET)) {
            for (int i = 0; i < 100; i++) {
                try (LineClient stranger = node.connect()) {
                    assertThat(stranger.ask("HELLO CLIENT|guess-" + i))
                            .isEqualTo("INVALID_SECRET_KEY");
                }
            }
        }
        assertThat(output.getAll().lines().filter(line -> line.contains("is refused"))).hasSize(1);
        assertThat(output)
                .contains("A client at 127.0.0.1 is refused: INVALID_SECRET_KEY")
                .doesNotContain("guess")
                .doesNotContain("same|1");
    }
}
