package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A node that cannot run as it is told ends at once, with an exit code that is not 0 and one
 * sentence that says what to change.
 */
class WrongSettingsIT {

    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    --role follower --id 1                   | keyval.id 1 is the leader's: set keyval.id (or --id) of this follower to 2 or more.
                    --role follower                          | A follower needs an id of its own: set keyval.id (or --id) to 2 or more.
                    --role follower --id 2                   | A follower needs the leader's secret: set KEYVAL_SECRET in the environment (or keyval.secret) to the same text as on the leader.
                    --spring.profiles.active=follower        | A follower needs an id of its own: set keyval.id (or --id) to 2 or more.
                    --role boss                              | --role must be leader, follower or cluster, but is 'boss'.
                    --role=cluster --id 2                    | keyval.id must be 1 where keyval.cluster.peers is not set, but is 2: a node of several needs all of them in keyval.cluster.peers.
                    --spring.profiles.active=boss            | spring.profiles.active must name the role, leader, follower or cluster, but is 'boss'.
                    --role cluster --keyval.cluster.peers=1@a:6001    | A node of a cluster needs an id of its own: set keyval.id (or --id) to the one that keyval.cluster.peers has for it.
                    --role cluster --keyval.cluster.peers=1@a         | keyval.cluster.peers must name each node as id@host:port, such as 1@127.0.0.1:6001, but one is '1@a'.
                    --spring.profiles.active=cluster --keyval.wal.fsync=1s | keyval.wal.fsync must be always in a cluster, but is 1s: a majority vouches for what is on disk.
                    --keyval.id=two                          | keyval.id must be a whole number, but is 'two'.
                    --keyval.wal.fsync=often                 | keyval.wal.fsync must be always, never or an interval such as 1s, but is 'often'.
                    --keyval.limits.max-key-size=big         | keyval.limits.max-key-size must be a size such as 64KB, but is 'big'.
                    --keyval.limits.idle-timeout=soon        | keyval.limits.idle-timeout must be a time such as 10s, but is 'soon'.
                    --keyval.protocol.get-miss=null          | keyval.protocol.get-miss must be empty-line or not-found, but is 'null'.
                    --keyval.wal.fsnyc=always                | There is no setting keyval.wal.fsnyc; did you mean keyval.wal.fsync?
                    --management.server.address=no..host | management.server.address must be an address of this machine, but is 'no..host'.
                    --management.server.ssl.bundle=web       | management.server.ssl is not used: TLS for HTTP is server.ssl; set server.ssl.bundle.
                    --spring.ssl.bundle.pem.web.keystore.private-key=nonsense | An SSL bundle (spring.ssl.bundle) cannot be used: Certificates must not be empty.
                    --spring.ssl.bundle.pem.web.keystore.certificate=/nowhere.pem | An SSL bundle (spring.ssl.bundle) cannot be used: there is no file /nowhere.pem.
                    --server.ssl.bundle=web                  | There is no SSL bundle 'web': define spring.ssl.bundle.pem.web, or change the setting that names it.
                    --keyval.client-secret=                  | keyval.client-secret is empty: set it, or leave it out to admit every client.
                    --leader-port 5000                       | There is no option --leader-port; --help lists the options.
                    """)
    void whenASettingIsWrongThenOneSentenceSaysWhatToChange(String arguments, String sentence) {
        try (NodeProcess node = node().arguments(arguments.split(" ")).build()) {
            assertEndsWith(node, sentence);
        }
        assertThat(directory.resolve("data")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    --port=abc                    | keyval.port must be a whole number, but is 'abc'.
                    --keyval.port=70000           | keyval.port must be from 0 to 65535, but is 70000.
                    --management.server.port=http | management.server.port must be a port from 0 to 65535, or -1 for no HTTP, but is 'http'.
                    """)
    void whenAPortIsNoneThenOneSentenceSaysSo(String argument, String sentence) {
        try (NodeProcess node =
                node().bare().arguments(argument, "--keyval.data-dir=" + directory).build()) {
            assertEndsWith(node, sentence);
        }
    }

    @Test
    void whenTheClientPortIsInUseThenTheSentenceNamesItAndItsSetting() throws IOException {
        try (ServerSocket taken = new ServerSocket(0);
                NodeProcess node = node().port(taken.getLocalPort()).build()) {
            assertEndsWith(
                    node,
                    "Port %d is in use: end the process that has it, or set keyval.port to another one."
                            .formatted(taken.getLocalPort()));
        }
    }

    @Test
    void whenTheHttpPortIsInUseThenTheSentenceNamesItAndItsSetting() throws IOException {
        try (ServerSocket taken = new ServerSocket(0);
                NodeProcess node = node().managementPort(taken.getLocalPort()).build()) {
            assertEndsWith(
                    node,
                    "Port %d is in use: end the process that has it, or set management.server.port to another one."
                            .formatted(taken.getLocalPort()));
        }
    }

    @Test
    void whenThePortForNodesIsInUseThenTheSentenceNamesItAndItsSetting() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                NodeProcess node = clusterNode(taken.getLocalPort()).build()) {
            assertEndsWith(
                    node,
                    "Port %d is in use: end the process that has it, or set keyval.cluster.peers, on all nodes, to have another one for node 1."
                            .formatted(taken.getLocalPort()));
        }
    }

    @Test
    void whenThePortForNodesIsAnotherOneOfTheNodeThenTheSentenceNamesBothSettings() {
        int port = FreePorts.one();
        String sentence =
                "keyval.cluster.peers has port %d for this node, which is its %s, too: nodes reach each other at a port of their own.";
        try (NodeProcess node = clusterNode(port).port(port).build()) {
            assertEndsWith(node, sentence.formatted(port, "keyval.port"));
        }
        try (NodeProcess node = clusterNode(port).managementPort(port).build()) {
            assertEndsWith(node, sentence.formatted(port, "management.server.port"));
        }
    }

    private NodeProcess.Builder clusterNode(int raftPort) {
        return node().arguments(
                        "--role=cluster",
                        "--id=1",
                        "--keyval.cluster.peers=1@127.0.0.1:" + raftPort);
    }

    @Test
    void whenTheMachineHasNoSuchAddressThenTheSentenceNamesItAndItsSetting() {
        try (NodeProcess node = node().address("192.0.2.1").build()) {
            assertEndsWith(
                    node,
                    "This machine has no address 192.0.2.1: set keyval.address to one of its own, or leave it out.");
        }
        try (NodeProcess node = node().address("999.1.1.1").build()) {
            assertEndsWith(
                    node,
                    "This machine has no address 999.1.1.1: set keyval.address to one of its own, or leave it out.");
        }
    }

    @Test
    void whenTheMachineHasNoSuchHttpAddressThenTheSentenceNamesItAndItsSetting() {
        try (NodeProcess node = node().arguments("--management.server.address=192.0.2.1").build()) {
            assertEndsWith(
                    node,
                    "This machine has no address 192.0.2.1: set management.server.address to one of its own, or leave it out.");
        }
    }

    @Test
    void whenTheDataDirectoryCannotBeMadeThenTheSentenceNamesIt() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "in the way");
        try (NodeProcess node = NodeProcess.leader(file.resolve("data")).build()) {
            String sentence = assertEnds(node);
            assertThat(sentence).contains(file.resolve("data").toString(), "set keyval.data-dir");
        }
    }

    @Test
    void whenAnotherProcessHasTheDataDirectoryThenTheSentenceNamesIt() {
        try (NodeProcess first = node().build();
                NodeProcess second = node().build()) {
            first.start();
            String sentence = assertEnds(second);
            assertThat(sentence)
                    .contains(
                            directory.resolve("data").toString(), "in use", "set keyval.data-dir");
            assertThat(first.alive()).isTrue();
        }
    }

    @Test
    void whenTheLogIsNoLogThenTheSentenceNamesItAndNothingIsChanged() throws IOException {
        Path log = Files.createDirectories(directory.resolve("data")).resolve("leader.log");
        Files.write(log, new byte[4096]);
        try (NodeProcess node = node().build()) {
            assertThat(assertEnds(node)).contains(log.toString(), "damaged at offset 0");
        }
        assertThat(log).hasBinaryContent(new byte[4096]);
    }

    @Test
    void whenAConfigurationFileIsMalformedThenTheSentenceSaysWhere() throws IOException {
        Path file = Files.writeString(directory.resolve("bad.yml"), "keyval:\n  port: [1\n");
        try (NodeProcess node =
                node().arguments("--spring.config.additional-location=" + file).build()) {
            assertThat(assertEnds(node)).startsWith("A configuration file is not valid YAML: ");
        }
    }

    @Test
    void whenASecretIsWrittenWronglyThenItIsNotTold() {
        try (NodeProcess node = node().secret("hush\thush").build()) {
            assertEndsWith(
                    node, "keyval.secret must not hold line ends or other control characters.");
        }
    }

    @Test
    void whenALeaderHasNoSecretThenItRunsAndSaysWhatItDoesNot() {
        try (NodeProcess node = node().build().start()) {
            assertThat(warnings(node)).hasSize(1).first().asString().contains("admits no follower");
        }
    }

    @Test
    void whenALeaderHasASecretThenItHasNothingToWarnOf() {
        try (NodeProcess node = node().secret("hush").build().start()) {
            assertThat(warnings(node)).isEmpty();
            assertThat(node.output()).doesNotContain("hush").contains("Started leader 1 ");
            assertThat(node.output().lines().filter(line -> !isOfTheDisk(line)))
                    .allMatch(line -> line.matches("\\S+ INFO  .*"));
        }
    }

    @Test
    void whenALeaderIsStartedByItsShortOptionsThenItIsOne() throws IOException {
        int port = FreePorts.one();
        try (NodeProcess node =
                node().bare()
                        .arguments("--role", "leader", "--port", Integer.toString(port))
                        .arguments("--management.server.port=0")
                        .build()
                        .start()) {
            assertThat(node.port()).isEqualTo(port);
            assertThat(node.output()).contains("data/leader.log");
        }
    }

    @Test
    void whenTheManualIsTheConfigurationThenTheNodeRuns() {
        String manual = Path.of("config").toAbsolutePath() + "/";
        try (NodeProcess node =
                node().secret("hush")
                        .arguments("--spring.config.additional-location=" + manual)
                        .build()
                        .start()) {
            assertThat(warnings(node)).isEmpty();
        }
    }

    private NodeProcess.Builder node() {
        return NodeProcess.node(directory.resolve("data"));
    }

    private static List<String> warnings(NodeProcess node) {
        return node.output()
                .lines()
                .filter(line -> line.contains(" WARN ") && !isOfTheDisk(line))
                .toList();
    }

    /** A disk may be slow whatever the settings say. */
    private static boolean isOfTheDisk(String line) {
        return line.contains("Forcing the log to disk took");
    }

    private static void assertEndsWith(NodeProcess node, String sentence) {
        assertThat(assertEnds(node)).isEqualTo(sentence);
    }

    /** Starts the node, which has to end by itself, and returns the only line that is no INFO. */
    private static String assertEnds(NodeProcess node) {
        assertThat(node.launch().waitForExit()).as(node.output()).isNotZero();
        List<String> lines =
                node.output().lines().filter(line -> !line.matches("\\S+ INFO  .*")).toList();
        assertThat(lines).as(node.output()).hasSize(1);
        return lines.getFirst();
    }
}
