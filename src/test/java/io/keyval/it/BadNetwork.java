package io.keyval.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.core.ConditionFactory;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The program in the network namespace: holds the nodes, runs the scenario of each name that it
 * reads, and says what became of it (see {@link PrivateNetwork}).
 *
 * <p>Each scenario begins and ends with all nodes up, linked and equal. Writes go on and the leader
 * compacts its log until a scenario's end.
 */
final class BadNetwork implements AutoCloseable {

    /** What is done in one of them; throws when it goes wrong. */
    interface Scenario {
        void run(BadNetwork network) throws Exception;
    }

    private static final String LEADER = "127.0.0.2";
    private static final List<String> ADDRESSES = List.of("127.0.0.3", "127.0.0.4", "127.0.0.5");

    /** All scenarios by name, in the order in which they run. */
    static final Map<String, Scenario> SCENARIOS = new LinkedHashMap<>();

    static {
        SCENARIOS.put(
                "when a link is cut for seconds then the follower gets only what it missed",
                BadNetwork::cutLink);
        SCENARIOS.put(
                "when nothing reaches the follower then it gets only what it missed",
                network -> network.oneWay(LEADER, ADDRESSES.get(0)));
        SCENARIOS.put(
                "when nothing reaches the leader then its follower gets only what it missed",
                network -> network.oneWay(ADDRESSES.get(0), LEADER));
        SCENARIOS.put(
                "when connections are reset then the followers get only what they missed",
                BadNetwork::resets);
        SCENARIOS.put(
                "when three of ten packets are lost then replication goes on", BadNetwork::loss);
        SCENARIOS.put(
                "when a follower is stopped then nobody waits and it catches up",
                BadNetwork::stoppedFollower);
        SCENARIOS.put(
                "when followers lag differently and the leader is killed then each gets only what it misses",
                BadNetwork::killedLeader);
        SCENARIOS.put(
                "when a follower is killed in a partial resync then the next is partial too",
                BadNetwork::killedInPartialResync);
        SCENARIOS.put(
                "when a follower is killed in a full sync then it has its old data until the next is done",
                BadNetwork::killedInFullSync);
        SCENARIOS.put(
                "when the leader comes back empty then nobody is emptied", BadNetwork::emptyLeader);
    }

    private static final String SECRET = "between us";
    private static final Duration TIMEOUT = Duration.ofMillis(1200);
    private static final int PORT = 5000;
    private static final Pattern SYNCED =
            Pattern.compile("Following the leader .*: (full|partial) ");

    private final Firewall firewall = new Firewall();
    private final NodeProcess leader;
    private final List<NodeProcess> followers = new ArrayList<>();
    private final AckedWrites writes;
    private final Map<String, String> large = new LinkedHashMap<>();
    private volatile boolean compacting;
    private Thread compactions = Thread.ofVirtual().unstarted(() -> {});

    private BadNetwork(Path directory) {
        leader = settings(NodeProcess.leader(directory.resolve("leader")), LEADER).build();
        for (String address : ADDRESSES) {
            int id = ADDRESSES.indexOf(address) + 2;
            Path data = directory.resolve("follower" + id);
            followers.add(
                    settings(NodeProcess.follower(id, data, PORT), address)
                            .arguments("--keyval.leader-host=" + LEADER)
                            .build());
        }
        writes = new AckedWrites(leader, 50, 100).pause(Duration.ofMillis(60));
    }

    private static NodeProcess.Builder settings(NodeProcess.Builder node, String address) {
        return node.address(address)
                .port(PORT)
                .secret(SECRET)
                .jvmArguments("-Xmx96m")
                .arguments(
                        "--keyval.replication.heartbeat=200ms",
                        "--keyval.replication.timeout=" + TIMEOUT.toMillis() + "ms",
                        "--keyval.wal.compact-min-size=16MB",
                        "--keyval.wal.retain=4MB");
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader requests =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (BadNetwork network = new BadNetwork(Path.of(arguments[0]))) {
            network.start();
            for (String name = requests.readLine(); name != null; name = requests.readLine()) {
                network.answer(name);
            }
        }
    }

    private void answer(String name) {
        long begun = System.nanoTime();
        try {
            Scenario scenario = SCENARIOS.get(name);
            assertThat(scenario).as(name).isNotNull();
            load();
            scenario.run(this);
            rest();
            System.err.printf("%5d ms: %s%n", (System.nanoTime() - begun) / 1_000_000, name);
            System.out.println(PrivateNetwork.PASSED);
        } catch (Throwable e) {
            e.printStackTrace(System.out);
            System.out.println("The leader said:\n" + leader.output());
            for (NodeProcess follower : followers) {
                System.out.println("A follower said:\n" + follower.output());
            }
            System.out.println(PrivateNetwork.FAILED);
        } finally {
            firewall.heal();
            firewall.unthrottle();
        }
    }

    private void start() {
        leader.launch();
        followers.forEach(NodeProcess::launch);
        leader.awaitStart();
        followers.forEach(NodeProcess::awaitStart);
        patiently("all followers had their first sync, and it is counted")
                .until(
                        () ->
                                followers.stream()
                                        .allMatch(one -> streams(one) && resyncs(one).full() > 0));
    }

    /** Makes clients write and the leader compact, both until {@link #rest}. */
    private void load() {
        writes.start(4, 1);
        compacting = true;
        compactions =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    while (compacting) {
                                        compact();
                                        LockSupport.parkNanos(300_000_000);
                                    }
                                });
    }

    private void compact() {
        try {
            leader.http("POST", "/actuator/compaction", SECRET);
        } catch (RuntimeException e) {
            // The leader is down, as it may be.
        }
    }

    /** Ends the writes; sees that nothing is lost and all nodes hold the same. */
    private void rest() throws Exception {
        writes.stop();
        compacting = false;
        compactions.join();
        patiently("all nodes are at one position").until(this::allAtOnePosition);
        patiently("all follow")
                .until(
                        () ->
                                admitted().size() == followers.size()
                                        && followers.stream().allMatch(BadNetwork::streams));
        String digest = report(leader).get("digest").stringValue();
        assertThat(writes.check()).isEmpty();
        List<String> values = writes.values(leader);
        for (NodeProcess follower : followers) {
            assertThat(report(follower).get("digest").stringValue()).isEqualTo(digest);
            assertThat(writes.values(follower)).isEqualTo(values);
            large.forEach(
                    (key, value) -> {
                        try (LineClient client = follower.client()) {
                            assertThat(client.ask("GET " + key)).isEqualTo(value);
                        }
                    });
        }
    }

    private boolean allAtOnePosition() {
        JsonNode now = report(leader);
        return followers.stream()
                .map(BadNetwork::report)
                .allMatch(
                        report ->
                                report.get("position").equals(now.get("position"))
                                        && report.get("epoch").equals(now.get("epoch")));
    }

    private static ConditionFactory patiently(String what) {
        return await(what).atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(50));
    }

    private static JsonNode report(NodeProcess node) {
        return JsonMapper.shared()
                .readTree(node.http("GET", "/actuator/replication?digest=true", SECRET).body());
    }

    private static long position(NodeProcess node) {
        return report(node).get("position").longValue();
    }

    private static String state(NodeProcess follower) {
        return report(follower).get("leader").get("state").stringValue();
    }

    private static boolean streams(NodeProcess follower) {
        return state(follower).equals("streaming");
    }

    /** Everything a node holds; what the leader acknowledged last may be behind it. */
    private record Held(long position, String digest) {}

    private static Held held(NodeProcess node) {
        JsonNode now = report(node);
        return new Held(now.get("position").longValue(), now.get("digest").stringValue());
    }

    /** What the followers hold once they have taken in all that has come. */
    private List<Held> atRest() {
        AtomicReference<List<Held>> last = new AtomicReference<>(List.of());
        patiently("nothing more comes")
                .until(
                        () -> {
                            List<Held> now = followers.stream().map(BadNetwork::held).toList();
                            return now.equals(last.getAndSet(now));
                        });
        return last.get();
    }

    /** The ids of the followers that the leader has taken in. */
    private Set<Integer> admitted() {
        Set<Integer> ids = new HashSet<>();
        report(leader).get("followers").forEach(follower -> ids.add(follower.get("id").intValue()));
        return ids;
    }

    /** Waits until so many more writes were acknowledged. */
    private void awaitWrites(long more) {
        long enough = writes.acknowledged() + more;
        patiently("writes").until(() -> writes.acknowledged() >= enough);
    }

    private record Resyncs(long partial, long full) {}

    /** How often this run of a follower was brought to the leader's history, by its meters. */
    private static Resyncs resyncs(NodeProcess follower) {
        String meters = follower.get("/actuator/prometheus").body();
        return new Resyncs(count(meters, "partial"), count(meters, "full"));
    }

    private static long count(String meters, String kind) {
        Matcher line =
                Pattern.compile(
                                "(?m)^keyval_replication_resyncs_total\\{[^}]*kind=\""
                                        + kind
                                        + "\"[^}]*\\} (\\S+)$")
                        .matcher(meters);
        long count = 0;
        while (line.find()) {
            count += (long) Double.parseDouble(line.group(1));
        }
        return count;
    }

    /** Waits until it follows again; sees that all resyncs since then were partial. */
    private void awaitPartial(NodeProcess follower, Resyncs before) {
        patiently("it follows again")
                .until(() -> !resyncs(follower).equals(before) && streams(follower));
        Resyncs after = resyncs(follower);
        assertThat(after.full()).as("full syncs").isEqualTo(before.full());
        assertThat(after.partial()).as("partial resyncs").isGreaterThan(before.partial());
    }

    private void cutLink() {
        NodeProcess follower = followers.get(0);
        Resyncs before = resyncs(follower);
        firewall.cut(LEADER, ADDRESSES.get(0));
        patiently("the leader gives up").until(() -> !admitted().contains(2));
        patiently("the follower gives up").until(() -> !streams(follower));
        awaitWrites(200);
        assertThat(position(follower)).isLessThan(position(leader));
        firewall.heal();
        awaitPartial(follower, before);
    }

    private void oneWay(String from, String to) {
        NodeProcess follower = followers.get(0);
        Resyncs before = resyncs(follower);
        firewall.drop(from, to);
        patiently("both give up").until(() -> !admitted().contains(2) && !streams(follower));
        awaitWrites(200);
        firewall.heal();
        awaitPartial(follower, before);
    }

    private void resets() {
        List<Resyncs> before = followers.stream().map(BadNetwork::resyncs).toList();
        for (String address : ADDRESSES) {
            firewall.reset(LEADER, address);
        }
        patiently("all are gone").until(() -> admitted().isEmpty());
        awaitWrites(100);
        firewall.heal();
        for (int i = 0; i < followers.size(); i++) {
            NodeProcess follower = followers.get(i);
            awaitPartial(follower, before.get(i));
        }
    }

    private void loss() {
        List<Resyncs> before = followers.stream().map(BadNetwork::resyncs).toList();
        for (String address : ADDRESSES) {
            firewall.lose(30, LEADER, address);
        }
        List<Long> positions = followers.stream().map(BadNetwork::position).toList();
        patiently("records come through all links")
                .until(
                        () -> {
                            for (int i = 0; i < followers.size(); i++) {
                                if (position(followers.get(i)) < positions.get(i) + 300) {
                                    return false;
                                }
                            }
                            return true;
                        });
        firewall.heal();
        for (int i = 0; i < followers.size(); i++) {
            NodeProcess follower = followers.get(i);
            patiently("it follows").until(() -> streams(follower));
            assertThat(resyncs(follower).full()).isEqualTo(before.get(i).full());
        }
    }

    private void stoppedFollower() {
        NodeProcess follower = followers.get(1);
        Resyncs before = resyncs(follower);
        follower.signal("STOP");
        try {
            awaitWrites(200);
            patiently("the leader gives up").until(() -> !admitted().contains(3));
        } finally {
            follower.signal("CONT");
        }
        awaitPartial(follower, before);
    }

    private void killedLeader() throws Exception {
        List<Resyncs> before = followers.stream().map(BadNetwork::resyncs).toList();
        try {
            for (NodeProcess follower : followers) {
                awaitWrites(100);
                follower.signal("STOP");
            }
            leader.kill9();
        } finally {
            followers.forEach(follower -> follower.signal("CONT"));
        }
        writes.join();
        leader.start();
        writes.start(4, 2);
        for (int i = 0; i < followers.size(); i++) {
            NodeProcess follower = followers.get(i);
            awaitPartial(follower, before.get(i));
        }
    }

    private void killedInPartialResync() {
        NodeProcess follower = followers.get(2);
        follower.kill9();
        writeLarge("partial", 7, 50_000);
        firewall.throttle("2mbit");
        follower.start();
        patiently("the resync begins")
                .until(() -> SYNCED.matcher(follower.outputOfThisRun()).find());
        assertThat(position(follower)).isLessThan(position(leader));
        follower.kill9();
        assertThat(follower.outputOfThisRun()).contains("partial resync behind");
        firewall.unthrottle();
        follower.start();
        awaitPartial(follower, new Resyncs(0, 0));
    }

    private void killedInFullSync() {
        NodeProcess follower = followers.get(2);
        String kept = "before-" + System.nanoTime();
        writeKept(kept, "old");
        patiently("the follower has it").until(() -> ask(follower, "GET " + kept).equals("old"));
        follower.kill9();
        writeLarge("full", 60, 100_000);
        writeKept(kept, "new");
        compact();
        firewall.throttle("4mbit");
        follower.start();
        Path partly = follower.dataDir().resolve("follower_4.log.sync");
        patiently("the sync begins").until(() -> Files.exists(partly) && Files.size(partly) > 0);
        assertThat(ask(follower, "GET " + kept)).isEqualTo("old");
        // On such a line the connection may break in between.
        patiently("it says so").until(() -> state(follower).equals("syncing"));
        follower.kill9();
        assertThat(follower.outputOfThisRun()).contains("(compacted)").doesNotContain("sync done");

        follower.start();
        patiently("the next sync begins").until(() -> state(follower).equals("syncing"));
        assertThat(ask(follower, "GET " + kept)).isEqualTo("old");
        firewall.unthrottle();
        patiently("the sync is done").until(() -> ask(follower, "GET " + kept).equals("new"));
        patiently("it is counted").until(() -> resyncs(follower).full() > 0);
    }

    private void emptyLeader() throws Exception {
        Path data = leader.dataDir();
        Path away = data.resolveSibling("away");
        List<Resyncs> before = followers.stream().map(BadNetwork::resyncs).toList();
        leader.kill9();
        writes.join();
        patiently("all give up").until(() -> followers.stream().noneMatch(BadNetwork::streams));
        List<Held> held = atRest();
        assertThat(held).allMatch(one -> one.position() > 0);
        Files.move(data, away);
        leader.start();
        for (int i = 0; i < followers.size(); i++) {
            NodeProcess follower = followers.get(i);
            patiently("it refuses").until(() -> state(follower).equals("refused"));
            assertThat(follower.get("/actuator/health").body()).contains("empty");
            assertThat(held(follower)).isEqualTo(held.get(i));
        }
        leader.kill9();
        FileSystemUtils.deleteRecursively(data);
        Files.move(away, data);
        leader.start();
        writes.start(4, 3);
        for (int i = 0; i < followers.size(); i++) {
            NodeProcess follower = followers.get(i);
            awaitPartial(follower, before.get(i));
        }
    }

    private static String ask(NodeProcess node, String line) {
        try (LineClient client = node.client()) {
            return String.valueOf(client.ask(line));
        }
    }

    private void writeKept(String key, String value) {
        assertThat(ask(leader, "PUT " + key + " " + value)).isEqualTo("OK");
    }

    private void writeLarge(String prefix, int count, int size) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String value = String.valueOf((char) ('a' + i % 26)).repeat(size);
            large.put(prefix + i, value);
            lines.add("PUT " + prefix + i + " " + value);
        }
        try (LineClient client = leader.client()) {
            assertThat(client.pipeline(lines)).containsOnly("OK");
        }
    }

    @Override
    public void close() throws IOException {
        leader.close();
        followers.forEach(NodeProcess::close);
    }
}
