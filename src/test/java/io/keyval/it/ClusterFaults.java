package io.keyval.it;

import static io.keyval.it.FaultyCluster.ids;
import static io.keyval.it.FaultyCluster.others;
import static io.keyval.it.FaultyCluster.patiently;
import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.it.history.Linearizability;
import io.keyval.it.history.Operation;
import io.keyval.it.history.Violation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The program in the network namespace: holds a cluster of three nodes and its clients, does to it
 * what each line that it reads says, and judges what the clients saw (see {@link PrivateNetwork}).
 *
 * <p>Each fault begins and ends with all nodes well. Clients use fresh keys in each, and every node
 * is asked for every key at the end of it and, in {@link #LAST}, once more at the end of all.
 */
final class ClusterFaults implements AutoCloseable {

    /** What is done while clients read and write. */
    interface Fault {
        void run(ClusterFaults cluster) throws Exception;
    }

    /** All faults by name, in the order in which they run. */
    static final Map<String, Fault> FAULTS = new LinkedHashMap<>();

    /** Kills and starts all nodes, and asks every node for every key that ever was. */
    static final String LAST = "everything acknowledged is there";

    /** Lets a node that is cut off answer reads; what the clients see has to be found wrong. */
    static final String STALE = "stale reads are found";

    static {
        FAULTS.put("the leader is killed", ClusterFaults::killLeader);
        FAULTS.put("a follower is killed", ClusterFaults::killFollower);
        FAULTS.put("the leader stands still", ClusterFaults::pauseLeader);
        FAULTS.put("a majority stands still", ClusterFaults::pauseMajority);
        FAULTS.put("the leader is cut off", ClusterFaults::isolateLeader);
        FAULTS.put("the leader hears nobody", ClusterFaults::deafLeader);
        FAULTS.put("nobody hears the leader", ClusterFaults::muteLeader);
        FAULTS.put("the leader and one follower are cut from each other", ClusterFaults::bridge);
        FAULTS.put("connections between nodes break", ClusterFaults::resets);
        FAULTS.put("no node reaches another one for long", ClusterFaults::separate);
        FAULTS.put("packets are lost", ClusterFaults::loss);
        FAULTS.put("replies of the leader are lost", ClusterFaults::lostReplies);
        FAULTS.put("the disk of the leader is full", ClusterFaults::fullDisk);
        FAULTS.put("the disk of the leader is slow", ClusterFaults::slowDisk);
        FAULTS.put("the leader cannot force its log", ClusterFaults::failedForce);
        FAULTS.put("clocks jump", ClusterFaults::clocks);
        FAULTS.put("all nodes are killed at once", ClusterFaults::killAll);
        FAULTS.put("a node that was long away is killed as it catches up", ClusterFaults::lagging);
        FAULTS.put("nodes are restarted one by one", ClusterFaults::rolling);
    }

    private static final int CLIENTS = 12;
    private static final int KEYS = 5;
    private static final int BULK = 60;
    private static final Duration ELECTION = Duration.ofMillis(2500);

    private final FaultyCluster cluster;
    private final RecordingClients clients;
    private final Path reports;
    private final Random random;
    private final List<Operation> all = new ArrayList<>();
    private int rounds;

    private ClusterFaults(Path directory, Path reports, long seed, String... arguments)
            throws IOException, InterruptedException {
        this.reports = reports;
        this.random = new Random(seed);
        cluster = new FaultyCluster(directory, arguments);
        clients = new RecordingClients(cluster.addresses());
    }

    /** Arguments: directory for data, directory for what is found, seed, settings of the nodes. */
    public static void main(String[] arguments) throws Exception {
        BufferedReader requests =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (ClusterFaults faults =
                new ClusterFaults(
                        Path.of(arguments[0]),
                        Path.of(arguments[1]),
                        Long.parseLong(arguments[2]),
                        Arrays.copyOfRange(arguments, 3, arguments.length))) {
            for (String name = requests.readLine(); name != null; name = requests.readLine()) {
                faults.answer(name);
            }
        }
    }

    private void answer(String name) {
        long begun = System.nanoTime();
        long acknowledged = clients.acknowledged();
        long unanswered = clients.unanswered();
        try {
            cluster.startAll();
            if (name.equals(LAST)) {
                last();
            } else if (name.equals(STALE)) {
                stale();
            } else {
                round(name);
            }
            System.err.printf(
                    "%5d ms, %6d writes acknowledged, %4d operations unanswered: %s%n",
                    (System.nanoTime() - begun) / 1_000_000,
                    clients.acknowledged() - acknowledged,
                    clients.unanswered() - unanswered,
                    name);
            System.out.println(PrivateNetwork.PASSED);
        } catch (Throwable e) {
            System.err.printf(
                    "%5d ms, failed: %s%n", (System.nanoTime() - begun) / 1_000_000, name);
            e.printStackTrace(System.out);
            System.out.println(cluster.output());
            System.out.println(PrivateNetwork.FAILED);
        } finally {
            try {
                clients.stop();
                clients.takeHistory();
                cluster.heal();
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void round(String name) throws Exception {
        Fault fault = FAULTS.get(name);
        assertThat(fault).as(name).isNotNull();
        List<String> keys = begin();
        fault.run(this);
        cluster.heal();
        cluster.startAll();
        awaitWrites(100);
        cluster.awaitAllApply();
        clients.stop();
        for (int id : ids()) {
            readAll(id, keys);
        }
        judge(name);
    }

    /** Starts clients on fresh keys, and waits until they are at work. */
    private List<String> begin() {
        int round = ++rounds;
        List<String> keys =
                IntStream.range(0, KEYS).mapToObj(key -> "r" + round + "-k" + key).toList();
        clients.start(CLIENTS, keys, random.nextLong());
        awaitWrites(300);
        return keys;
    }

    private void readAll(int id, List<String> keys) {
        patiently("node " + id + " answers")
                .ignoreExceptions()
                .until(
                        () -> {
                            clients.readAll(id - 1, keys);
                            return true;
                        });
    }

    private void judge(String name) throws IOException {
        List<Operation> history = clients.takeHistory();
        List<Violation> violations = Linearizability.violations(history);
        if (!violations.isEmpty()) {
            Path file = keep(name, history);
            throw new AssertionError(text(violations) + "\nThe whole history is in " + file);
        }
        assertThat(clients.surprises()).isEmpty();
        all.addAll(history);
    }

    private Path keep(String name, List<Operation> history) throws IOException {
        Files.createDirectories(reports);
        Path file = reports.resolve(rounds + "-" + name.replace(' ', '-') + ".history");
        return Files.write(file, history.stream().map(Operation::toString).toList());
    }

    private static String text(List<Violation> violations) {
        return violations.stream().map(Violation::toString).collect(Collectors.joining("\n"));
    }

    private void last() throws Exception {
        ids().forEach(id -> cluster.node(id).kill9());
        cluster.startAll();
        List<String> keys = all.stream().map(Operation::key).distinct().toList();
        for (int id : ids()) {
            readAll(id, keys);
        }
        all.addAll(clients.takeHistory());
        List<Violation> violations = Linearizability.violations(all);
        if (!violations.isEmpty()) {
            throw new AssertionError(text(violations) + "\nSee " + keep("last", all));
        }
    }

    private void stale() throws Exception {
        begin();
        int leader = cluster.leader();
        int away = others(leader).getFirst();
        others(away).forEach(other -> cluster.cut(away, other));
        awaitWrites(500);
        clients.stop();
        assertThat(Linearizability.violations(clients.takeHistory())).isNotEmpty();
    }

    /** Waits until so many more writes were acknowledged. */
    private void awaitWrites(long more) {
        long enough = clients.acknowledged() + more;
        patiently("writes are acknowledged").until(() -> clients.acknowledged() >= enough);
    }

    /** Lets the fault last longer than it takes to elect another leader. */
    private void linger() throws InterruptedException {
        Thread.sleep(ELECTION.plusMillis(random.nextInt(1500)));
    }

    private void killLeader() {
        int leader = cluster.leader();
        cluster.node(leader).kill9();
        awaitWrites(300);
        cluster.node(leader).start();
        int second = cluster.leader();
        cluster.node(second).kill9();
        awaitWrites(300);
    }

    private void killFollower() {
        int follower = others(cluster.leader()).get(random.nextInt(2));
        cluster.node(follower).kill9();
        awaitWrites(300);
        cluster.node(follower).start();
        awaitWrites(300);
    }

    private void pauseLeader() throws InterruptedException {
        int leader = cluster.leader();
        cluster.node(leader).pause();
        linger();
        awaitWrites(300);
        cluster.node(leader).resume();
        awaitWrites(300);
    }

    private void pauseMajority() throws InterruptedException {
        List<Integer> majority = List.of(cluster.leader(), others(cluster.leader()).getFirst());
        majority.forEach(id -> cluster.node(id).pause());
        linger();
        majority.reversed().forEach(id -> cluster.node(id).resume());
        awaitWrites(300);
    }

    private void isolateLeader() throws InterruptedException {
        int leader = cluster.leader();
        others(leader).forEach(other -> cluster.cut(leader, other));
        linger();
        awaitWrites(300);
    }

    private void deafLeader() throws InterruptedException {
        int leader = cluster.leader();
        others(leader).forEach(other -> cluster.drop(other, leader));
        linger();
        awaitWrites(300);
    }

    private void muteLeader() throws InterruptedException {
        int leader = cluster.leader();
        others(leader).forEach(other -> cluster.drop(leader, other));
        linger();
        awaitWrites(300);
    }

    private void bridge() throws InterruptedException {
        int leader = cluster.leader();
        cluster.cut(leader, others(leader).get(random.nextInt(2)));
        linger();
        awaitWrites(300);
    }

    private void resets() throws IOException {
        for (int i = 0; i < 5; i++) {
            int leader = cluster.leader();
            others(leader).forEach(other -> cluster.reset(leader, other));
            awaitWrites(1);
            cluster.heal();
            awaitWrites(100);
        }
    }

    /** Lets connections come to where they try again ever more rarely. */
    private void separate() throws InterruptedException {
        for (int id : ids()) {
            others(id).forEach(other -> cluster.drop(id, other));
        }
        for (int i = 0; i < 4; i++) {
            linger();
        }
    }

    private void loss() throws InterruptedException {
        for (int id : ids()) {
            others(id).forEach(other -> cluster.lose(10, id, other));
        }
        linger();
        awaitWrites(100);
    }

    private void lostReplies() throws InterruptedException {
        cluster.dropReplies(cluster.leader());
        linger();
        awaitWrites(100);
    }

    private void fullDisk() throws Exception {
        int leader = cluster.leader();
        cluster.fillDisk(leader);
        linger();
        bulk();
        awaitWrites(300);
        cluster.emptyDisk(leader);
        awaitWrites(300);
    }

    private void slowDisk() throws InterruptedException {
        cluster.shim(cluster.leader()).begin("slow 700");
        linger();
        awaitWrites(50);
    }

    private void failedForce() throws InterruptedException {
        int leader = cluster.leader();
        cluster.shim(leader).begin("sync 5");
        linger();
        awaitWrites(300);
        cluster.shim(leader).end();
        if (cluster.node(leader).alive()) {
            cluster.node(leader).kill9();
        }
    }

    private void clocks() throws InterruptedException {
        int leader = cluster.leader();
        int follower = others(leader).getFirst();
        for (Duration jump :
                List.of(
                        Duration.ofHours(1),
                        Duration.ofHours(-1),
                        Duration.ofMillis(700),
                        Duration.ofDays(-400))) {
            cluster.shim(leader).shiftClock(jump);
            cluster.shim(follower).shiftClock(jump.negated());
            Thread.sleep(700);
            awaitWrites(100);
        }
    }

    private void killAll() {
        ids().forEach(id -> cluster.node(id).signal("KILL"));
        ids().forEach(id -> cluster.node(id).waitForExit());
        cluster.startAll();
        awaitWrites(300);
    }

    private void lagging() throws IOException {
        int away = others(cluster.leader()).getFirst();
        cluster.node(away).kill9();
        bulk();
        awaitWrites(300);
        cluster.node(away).start();
        cluster.node(away).kill9();
        bulk();
        cluster.node(away).start();
    }

    private void rolling() {
        for (int id : ids()) {
            assertThat(cluster.node(id).stop()).as("exit code").isIn(0, 143);
            awaitWrites(100);
            cluster.node(id).start();
            cluster.awaitWell();
        }
    }

    /** Writes so much that nodes take snapshots and leave the log in front of them behind. */
    private void bulk() throws IOException {
        String value = "x".repeat(100_000);
        for (int i = 0; i < BULK; i++) {
            int number = i;
            patiently("a large value is written")
                    .ignoreExceptions()
                    .until(() -> "OK".equals(putAnywhere("bulk" + number % 10, value)));
        }
    }

    private String putAnywhere(String key, String value) {
        List<NodeProcess> alive =
                ids().stream().map(cluster::node).filter(NodeProcess::alive).toList();
        try (LineClient client = alive.get(random.nextInt(alive.size())).client()) {
            return String.valueOf(client.ask("PUT " + key + " " + value));
        }
    }

    @Override
    public void close() {
        cluster.close();
    }
}
