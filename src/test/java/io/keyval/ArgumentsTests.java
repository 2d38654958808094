package io.keyval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.keyval.config.InvalidSettingException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentsTests {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    ''                                     | ''
                    --role leader                          | --spring.profiles.active=leader
                    --role=follower                        | --spring.profiles.active=follower
                    --role leader --port 5000              | --spring.profiles.active=leader --keyval.port=5000
                    --role cluster --id 2                  | --spring.profiles.active=cluster --keyval.id=2
                    --id 2                                 | --keyval.id=2
                    --id=2                                 | --keyval.id=2
                    --id -3                                | --keyval.id=-3
                    --port 5001                            | --keyval.port=5001
                    --leader_host 127.0.0.1                | --keyval.leader-host=127.0.0.1
                    --leader_host=a.example                | --keyval.leader-host=a.example
                    --leader_port 5000                     | --keyval.leader-port=5000
                    --leader_port=5000 --id 7              | --keyval.leader-port=5000 --keyval.id=7
                    --keyval.port=5002                     | --keyval.port=5002
                    --keyval.secret=a=b                    | --keyval.secret=a=b
                    --port 5001 --keyval.wal.fsync=1s      | --keyval.port=5001 --keyval.wal.fsync=1s
                    --debug --spring.profiles.active=x     | --debug --spring.profiles.active=x
                    """)
    void whenACommandLineIsGivenThenItBecomesSettings(String line, String settings) {
        assertThat(Arguments.parse(words(line)).settings()).containsExactly(words(settings));
    }

    @Test
    void whenAFollowerIsStartedByShortOptionsThenItGetsPlacesOfItsOwn() {
        Arguments arguments =
                Arguments.parse(
                        words(
                                "--role follower --id 2 --port 5001 --leader_host 127.0.0.1"
                                        + " --leader_port 5000"));

        assertThat(arguments.settings())
                .containsExactly(
                        "--spring.profiles.active=follower",
                        "--keyval.id=2",
                        "--keyval.port=5001",
                        "--keyval.leader-host=127.0.0.1",
                        "--keyval.leader-port=5000");
        assertThat(arguments.defaults())
                .isEqualTo(
                        Map.of(
                                "management.server.port",
                                8081,
                                "keyval.data-dir",
                                "data/follower_2"));
    }

    @Test
    void whenANodeOfAClusterIsStartedByShortOptionsThenItGetsPlacesOfItsOwn() {
        assertThat(Arguments.parse(words("--role cluster --id 3 --port 5002")).defaults())
                .isEqualTo(
                        Map.of(
                                "management.server.port",
                                8082,
                                "keyval.data-dir",
                                "data/cluster_3"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    --role leader --id 1
                    --role cluster
                    --spring.profiles.active=follower --id 2
                    --role follower
                    --role follower --id x
                    """)
    void whenItHasNoRoleAndIdByShortOptionsThenTheCommonDefaultsHold(String line) {
        assertThat(Arguments.parse(words(line)).defaults()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--keyval.cluster.peers[0]=a:1 --keyval.cluster.peers[1]=b:1",
                "--spring.config.import=a.yml --spring.config.import=b.yml",
                "--logging.level.io.keyval=debug --logging.level.io.netty=info",
            })
    void whenSettingsDifferOrMayBeListsThenTheyPassAsTheyAre(String line) {
        assertThat(Arguments.parse(words(line)).settings()).containsExactly(words(line));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    --role boss            | --role must be leader, follower or cluster, but is 'boss'.
                    --role                 | --role needs a value, such as --role follower.
                    --role=                | --role needs a value, such as --role follower.
                    --id --port 5001       | --id needs a value, such as --id 2.
                    --port                 | --port needs a value, such as --port 5001.
                    --port 1 --port 2      | --port is given twice; give it once.
                    --keyval.port=1 --keyval.port=0 | --keyval.port is given twice; give it once.
                    --keyval.port=1 --port 1        | --keyval.port and --port are the same setting; give it once.
                    --keyval.data-dir=a --keyval.dataDir=b | --keyval.data-dir and --keyval.dataDir are the same setting; give it once.
                    --keyval.cluster.peers=a:1 --keyval.cluster.peers=b:1 | --keyval.cluster.peers is given twice; give it once.
                    --prot 5001            | There is no option --prot; --help lists the options.
                    --leader-host=h        | There is no option --leader-host; --help lists the options.
                    start                  | The argument 'start' means nothing here; settings are written --name=value.
                    -port 5001             | The argument '-port' means nothing here; settings are written --name=value.
                    """)
    void whenAWordMeansNothingThenOneSentenceSaysSo(String line, String sentence) {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> Arguments.parse(words(line)))
                .withMessage(sentence);
    }

    private static String[] words(String line) {
        return line.isEmpty() ? new String[0] : line.split(" ");
    }
}
