package io.keyval.it;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Three nodes of a cluster, each with a network, a disk and a clock of its own that can fail. Nodes
 * are called by their ids, 1 to 3. Takes root, and a network namespace of its own.
 */
final class FaultyCluster implements AutoCloseable {

    static final int SIZE = 3;

    private static final String READS = "--keyval.cluster.reads=";
    private static final int PORT = 5000;
    private static final int RAFT_PORT = 6000;
    private static final String DISK = "size=256m";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration RESUME = Duration.ofSeconds(15);

    private final Firewall firewall = new Firewall();
    private final List<NodeProcess> nodes = new ArrayList<>();
    private final List<FaultShim> shims = new ArrayList<>();
    private final List<Path> disks = new ArrayList<>();

    /**
     * @param directory an empty directory for everything Nodes answer reads in both of the ways
     *     that are never stale, unless the settings say how.
     * @param arguments settings of every node
     */
    FaultyCluster(Path directory, String... arguments) throws IOException, InterruptedException {
        NodeNetworks.create(SIZE);
        String peers =
                ids().stream()
                        .map(id -> id + "@" + NodeNetworks.address(id) + ":" + RAFT_PORT)
                        .collect(Collectors.joining(","));
        for (int id : ids()) {
            Path home = Files.createDirectory(directory.resolve("node" + id));
            Path disk = Files.createDirectory(home.resolve("disk"));
            Firewall.run("", "mount", "-t", "tmpfs", "-o", DISK, "tmpfs", disk.toString());
            FaultShim shim = new FaultShim(home);
            NodeProcess.Builder node =
                    NodeProcess.node(disk.resolve("data"))
                            .launcher(NodeNetworks.launcher(id))
                            .address(NodeNetworks.address(id))
                            .port(PORT)
                            .jvmArguments("-Xmx200m", "-XX:+ExitOnOutOfMemoryError")
                            .arguments(
                                    "--spring.profiles.active=cluster",
                                    "--keyval.id=" + id,
                                    "--keyval.cluster.peers=" + peers,
                                    "--keyval.cluster.snapshot-threshold=1MB")
                            .arguments(reads(id, arguments))
                            .arguments(arguments);
            nodes.add(shim.into(node, disk.resolve("data").toString()).build());
            shims.add(shim);
            disks.add(disk);
        }
    }

    private static String[] reads(int id, String... arguments) {
        boolean said = Stream.of(arguments).anyMatch(argument -> argument.startsWith(READS));
        return said ? new String[0] : new String[] {READS + (id == 1 ? "log" : "index")};
    }

    static List<Integer> ids() {
        return IntStream.rangeClosed(1, SIZE).boxed().toList();
    }

    /** The other ids. */
    static List<Integer> others(int id) {
        return ids().stream().filter(other -> other != id).toList();
    }

    NodeProcess node(int id) {
        return nodes.get(id - 1);
    }

    /** The faults of files and clock of a node. */
    FaultShim shim(int id) {
        return shims.get(id - 1);
    }

    /** The addresses of all nodes for clients. */
    List<InetSocketAddress> addresses() {
        return ids().stream()
                .map(id -> new InetSocketAddress(NodeNetworks.address(id), PORT))
                .toList();
    }

    /**
     * Starts every node that does not run, and waits until all are well. A node that does not
     * become so is killed and started again: a log that could not be written need not go on by
     * itself. It is said on the error output.
     */
    void startAll() {
        startDown();
        for (int id : ids()) {
            if (!wellWithin(id, RESUME)) {
                System.err.println("Node " + id + " is not well, and is started again");
                if (node(id).alive()) {
                    node(id).kill9();
                }
            }
        }
        startDown();
        awaitWell();
    }

    private void startDown() {
        List<NodeProcess> down = nodes.stream().filter(node -> !node.alive()).toList();
        down.forEach(NodeProcess::launch);
        down.forEach(NodeProcess::awaitStart);
    }

    /** Waits until every node runs, knows the leader and has caught up. */
    void awaitWell() {
        patiently("all nodes are well").until(() -> ids().stream().allMatch(this::well));
    }

    /** Waits until every node has executed what the leader has committed by now. */
    void awaitAllApply() {
        long committed = position(leader(), "committed");
        patiently("all nodes execute what is written")
                .until(() -> ids().stream().allMatch(id -> position(id, "applied") >= committed));
    }

    private long position(int id, String name) {
        JsonNode group = group(id);
        return group == null ? -1 : group.get(name).longValue();
    }

    private boolean wellWithin(int id, Duration patience) {
        try {
            await().atMost(patience).until(() -> !node(id).alive() || well(id));
            return node(id).alive();
        } catch (ConditionTimeoutException e) {
            return false;
        }
    }

    private boolean well(int id) {
        try {
            return node(id).get("/readyz").statusCode() == 200;
        } catch (RuntimeException e) {
            return false;
        }
    }

    static ConditionFactory patiently(String what) {
        return await(what).atMost(PATIENCE).pollInterval(Duration.ofMillis(50));
    }

    /** The node that leads; every node that runs has to answer. */
    int leader() {
        int[] found = new int[1];
        patiently("there is one leader")
                .until(
                        () -> {
                            found[0] = leaderNow();
                            return found[0] != 0;
                        });
        return found[0];
    }

    private int leaderNow() {
        int leader = 0;
        long term = -1;
        for (int id : ids()) {
            JsonNode group = node(id).alive() ? group(id) : null;
            if (group != null
                    && group.get("role").stringValue().equals("leader")
                    && group.get("term").longValue() > term) {
                leader = id;
                term = group.get("term").longValue();
            }
        }
        return leader;
    }

    /** What a node says about its only group, or null when it says nothing. */
    @Nullable JsonNode group(int id) {
        try {
            HttpResponse<String> response = node(id).get("/actuator/cluster");
            return response.statusCode() == 200
                    ? JsonMapper.shared().readTree(response.body()).get("groups").get(0)
                    : null;
        } catch (RuntimeException e) {
            return null;
        }
    }

    /** Loses every packet between two nodes. */
    void cut(int one, int other) {
        firewall.cut(NodeNetworks.address(one), NodeNetworks.address(other));
    }

    /** Loses every packet from the one node to the other. */
    void drop(int from, int to) {
        firewall.drop(NodeNetworks.address(from), NodeNetworks.address(to));
    }

    /** Breaks every connection between two nodes. */
    void reset(int one, int other) {
        firewall.reset(NodeNetworks.address(one), NodeNetworks.address(other));
    }

    /** Loses so many of a hundred packets between two nodes. */
    void lose(int percent, int one, int other) {
        firewall.lose(percent, NodeNetworks.address(one), NodeNetworks.address(other));
    }

    /** Loses every packet from a node to its clients: what they send arrives. */
    void dropReplies(int from) {
        firewall.drop(NodeNetworks.address(from), NodeNetworks.router(from));
    }

    /** Leaves no room on the disk of a node. */
    void fillDisk(int id) throws IOException {
        byte[] block = new byte[1 << 16];
        try (RandomAccessFile ballast = new RandomAccessFile(ballast(id).toFile(), "rw")) {
            for (int size = block.length; size > 0; ) {
                try {
                    ballast.write(block, 0, size);
                } catch (IOException e) {
                    size /= 2;
                }
            }
        }
    }

    /** Makes room again. */
    void emptyDisk(int id) throws IOException {
        Files.deleteIfExists(ballast(id));
    }

    private Path ballast(int id) {
        return disks.get(id - 1).resolve("ballast");
    }

    /** Ends every fault but that of nodes that do not run. */
    void heal() throws IOException {
        firewall.heal();
        for (int id : ids()) {
            shim(id).end();
            shim(id).shiftClock(null);
            emptyDisk(id);
            if (node(id).alive()) {
                node(id).resume();
            }
        }
    }

    /** What every node has printed last. */
    String output() {
        return ids().stream()
                .map(id -> "Node " + id + " said last:\n" + tail(node(id).output()))
                .collect(Collectors.joining("\n"));
    }

    private static String tail(String text) {
        List<String> lines = text.lines().toList();
        return lines.stream()
                .skip(Math.max(0, lines.size() - 60))
                .collect(Collectors.joining("\n"));
    }

    @Override
    public void close() {
        nodes.forEach(NodeProcess::close);
        for (Path disk : disks) {
            Firewall.run("", "umount", "-l", disk.toString());
        }
    }
}
