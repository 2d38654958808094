package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.config.ClusterPeer;
import io.keyval.config.KeyvalProperties;
import io.keyval.it.FreePorts;
import io.keyval.store.MemoryBudget;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.Parameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** Nodes in one process that come, go and lead. */
class MembersTests {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir private Path directory;

    private final List<RaftNode> nodes = new ArrayList<>();
    private int ports = 1;

    @AfterEach
    void stop() {
        nodes.forEach(RaftNode::stop);
    }

    private RaftNode start(int id, List<ClusterPeer> peers, boolean join) {
        ClusterSettings settings =
                new ClusterSettings(
                        id,
                        "keyval",
                        peers,
                        join,
                        KeyvalProperties.Reads.LOG,
                        true,
                        1,
                        3,
                        Duration.ofMillis(500),
                        Duration.ofSeconds(20),
                        64 << 20,
                        65536,
                        1 << 20,
                        directory.resolve("node" + id),
                        "clients:" + id,
                        "http:" + id);
        RaftNode node = new RaftNode(settings, MemoryBudget.unbounded(), new Parameters());
        nodes.add(node);
        node.start();
        return node;
    }

    private static Reply ask(RaftNode node, Command command) throws Exception {
        return new ClusterStore(node)
                .execute(List.of(command), 1 << 20)
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS)
                .getFirst();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void whenNodesComeAndGoThenTheDataStaysAndTheyLeadInTurn() throws Exception {
        List<ClusterPeer> peers = new ArrayList<>();
        for (int id = 1; id <= 3; id++) {
            peers.add(new ClusterPeer(id, "127.0.0.1", FreePorts.one()));
        }
        for (int id = 1; id <= 3; id++) {
            start(id, peers, false);
        }
        RaftNode first = nodes.getFirst();
        assertThat(ask(first, new Command.Put(bytes("a"), bytes("1")))).isEqualTo(Reply.OK);

        ClusterPeer fourth = new ClusterPeer(4, "127.0.0.1", FreePorts.one());
        List<ClusterPeer> all = new ArrayList<>(peers);
        all.add(fourth);
        RaftNode added = start(4, all, true);
        Cluster cluster = new RaftCluster(first);
        refused(
                cluster,
                new ClusterPeer(9, "127.0.0.1", peers.getFirst().port()),
                "The address %s is node 1's; name the one of node 9."
                        .formatted(peers.getFirst().address()));
        refused(
                cluster,
                new ClusterPeer(9, "localhost", peers.getFirst().port()),
                "At localhost:%d node 1 answers, not node 9; name the address of node 9."
                        .formatted(peers.getFirst().port()));
        refused(
                cluster,
                new ClusterPeer(2, "127.0.0.1", fourth.port()),
                "Node 2 is a member at %s, and cannot be one at %s; give the new node an id that was never used."
                        .formatted(peers.get(1).address(), fourth.address()));
        int nobody = FreePorts.one();
        refused(
                cluster,
                new ClusterPeer(9, "127.0.0.1", nobody),
                "Node 9 does not answer at 127.0.0.1:%d; start it with keyval.cluster.join first, or again if it was removed."
                        .formatted(nobody));
        assertThat(cluster.view().nodes()).hasSize(3);
        cluster.add(fourth, false);
        await().atMost(PATIENCE).until(() -> group(added).keys() == 1);
        assertThat(group(added).role()).isEqualTo("learner");
        assertThat(cluster.view().nodes())
                .extracting(ClusterView.Node::voting)
                .containsExactly(true, true, true, false);
        assertThatThrownBy(() -> cluster.transfer(4, null)).isInstanceOf(ClusterException.class);

        cluster.add(fourth, true);
        cluster.transfer(4, null);
        await().atMost(PATIENCE).until(() -> group(added).role().equals("leader"));
        assertThat(ask(first, new Command.Put(bytes("b"), bytes("2")))).isEqualTo(Reply.OK);
        await().atMost(PATIENCE).until(() -> group(added).caughtUp());
        assertThat(group(added).peers()).hasSize(3);

        cluster.remove(4);
        await().atMost(PATIENCE)
                .until(
                        () ->
                                cluster.view().nodes().stream()
                                        .map(ClusterView.Node::id)
                                        .toList()
                                        .equals(List.of(1, 2, 3)));
        assertThat(ask(first, new Command.Get(bytes("b")))).isInstanceOf(Reply.Value.class);
        assertThatThrownBy(() -> cluster.remove(7))
                .isInstanceOf(ClusterException.class)
                .hasMessage("There is no node 7 in this cluster.");
        await().atMost(PATIENCE)
                .until(() -> "clients:2".equals(cluster.view().nodes().get(1).client()));
    }

    private List<ClusterPeer> three() {
        return FreePorts.some(3).stream()
                .map(port -> new ClusterPeer(ports++, "127.0.0.1", port))
                .toList();
    }

    @Test
    void whenListsOfPeersDifferThenTheNodeThatComesLaterDoesNotStart() {
        List<ClusterPeer> peers = three();
        start(1, peers, false);
        assertThatThrownBy(() -> start(2, peers.subList(0, 2), false))
                .isInstanceOf(ClusterException.class)
                .hasMessageStartingWith(
                        "Node 1 has other nodes in its keyval.cluster.peers, [1, 2, 3], than this one;");
    }

    @Test
    void whenANodeThatWasAloneGetsPeersThenItDoesNotStart() {
        List<ClusterPeer> peers = three();
        start(1, peers.subList(0, 1), false).stop();
        assertThatThrownBy(() -> start(1, peers, false))
                .isInstanceOf(ClusterException.class)
                .hasMessageStartingWith("keyval.cluster.peers has the nodes [1, 2, 3], but ")
                .hasMessageContaining(
                        " was formed with [1], which cannot be changed; set it back.");
    }

    @Test
    void whenANodeLostItsDiskAndTheOthersComeLaterThenItEndsItsShards() throws Exception {
        List<ClusterPeer> peers = three();
        for (int id = 1; id <= 3; id++) {
            start(id, peers, false);
        }
        await().atMost(PATIENCE)
                .until(
                        () ->
                                nodes.stream()
                                        .allMatch(
                                                node ->
                                                        node.word(1) != null
                                                                || node == nodes.getFirst()));
        nodes.forEach(RaftNode::stop);
        FileSystemUtils.deleteRecursively(directory.resolve("node3"));

        RaftNode third = start(3, peers, false);
        start(1, peers, false);
        await().atMost(PATIENCE).until(() -> group(third).role().equals("closed"));
        assertThat(group(third).failure())
                .startsWith("Node 3 is a member of the cluster keyval with data that is not in ");
    }

    private static void refused(Cluster cluster, ClusterPeer peer, String sentence) {
        assertThatThrownBy(() -> cluster.add(peer, true))
                .isInstanceOf(ClusterException.class)
                .hasMessage(sentence);
    }

    private static ClusterView.Group group(RaftNode node) {
        return new RaftCluster(node).view().groups().getFirst();
    }
}
