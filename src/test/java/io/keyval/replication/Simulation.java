package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.store.Role;
import io.keyval.wal.Epoch;
import io.keyval.wal.FsyncPolicy;
import io.keyval.wal.LogId;
import io.keyval.wal.Wal;
import io.keyval.wal.WalException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Three nodes, the network between them, clients, and an operator who changes the leader when it
 * fails, all in one thread and decided by one seed. A write counts as acknowledged when one
 * follower has it on disk.
 *
 * <p>The operator makes the follower the leader that is furthest in the newest leadership, and
 * looks only once no follower listens to the old leader any more.
 */
final class Simulation {

    /** What happened in all simulations, to see that they try what they should. */
    static final AtomicLongArray RESYNCS = new AtomicLongArray(Resync.Reason.values().length + 1);

    private static final int STEPS = 300;
    private static final int MOST_ROUNDS = 3_000;

    /** A record's place in all histories: a position means the same wherever its epoch does. */
    private record Place(LogId log, long epoch, long position) {}

    private final Random random;
    private final FsyncPolicy fsync;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final Map<SimulatedNode, Role> roles = new HashMap<>();
    private final Map<SimulatedNode, AckConfirmation> acks = new HashMap<>();
    private final Map<SimulatedNode, SimulatedLink> current = new HashMap<>();
    private final List<SimulatedLink> links = new ArrayList<>();
    private final List<String> said = new ArrayList<>();

    private final Map<Place, String> records = new HashMap<>();
    private final Map<Place, Map<String, String>> states = new HashMap<>();
    private final Map<Long, Long> epochStarts = new HashMap<>();
    private final Map<SimulatedNode, Place> checked = new HashMap<>();
    private final Map<Long, Long> acknowledged = new TreeMap<>();

    /** The epochs that leaders gave way to. */
    private final Map<SimulatedNode, Long> superseding = new HashMap<>();

    private final List<Long> leaderships = new ArrayList<>();
    private SimulatedNode leader;
    private boolean healing;
    private int values;

    Simulation(long seed) {
        random = new Random(seed);
        fsync = random.nextInt(5) == 0 ? FsyncPolicy.NEVER : FsyncPolicy.ALWAYS;
        for (int id = 1; id <= 3; id++) {
            SimulatedNode node = new SimulatedNode(id, fsync, random);
            nodes.add(node);
            roles.put(node, Role.FOLLOWER);
        }
        leader = nodes.getFirst();
    }

    /**
     * Runs to the end.
     *
     * @throws AssertionError when something is wrong; it tells what had happened
     */
    void run() {
        try {
            nodes.forEach(this::start);
            roles.put(leader, Role.LEADER);
            led(leader, leader::lead);
            for (int i = 0; i < STEPS; i++) {
                step();
                check();
            }
            heal();
        } catch (AssertionError | RuntimeException e) {
            int from = Math.max(0, said.size() - 60);
            throw new AssertionError(
                    e + "\n" + String.join("\n", said.subList(from, said.size())), e);
        } finally {
            links.forEach(SimulatedLink::closeLeader);
            nodes.forEach(SimulatedNode::close);
        }
    }

    private void say(String what) {
        said.add(what);
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private List<SimulatedNode> up() {
        return nodes.stream().filter(SimulatedNode::isUp).toList();
    }

    private boolean leads(SimulatedNode node) {
        return node.isUp() && roles.get(node) == Role.LEADER;
    }

    private void step() {
        int what = random.nextInt(100);
        if (what < 22) {
            up().stream().filter(this::leads).toList().forEach(this::write);
        } else if (what < 76) {
            pump();
        } else if (what < 86) {
            nodes.stream().filter(this::isToConnect).forEach(this::connect);
        } else if (what < 89) {
            breakLink();
        } else if (what < 91) {
            any(nodes).crashSoon();
        } else if (what < 93) {
            crash(any(nodes));
        } else if (what < 96) {
            restart();
        } else if (what < 98) {
            SimulatedNode node = any(nodes);
            if (node.isUp()) {
                say("node " + node.id + " compacts");
                node.compact(random.nextBoolean() ? 0 : random.nextInt(2_000));
                settle(node);
            }
        } else {
            failOver();
        }
    }

    private void write(SimulatedNode node) {
        Map<String, @Nullable String> group = new LinkedHashMap<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            String value = random.nextInt(4) == 0 ? null : "v" + values++;
            group.put("k" + random.nextInt(6), value);
        }
        long epoch = node.wal().epoch();
        long position = node.append(group);
        say("node %d writes %s at %d".formatted(node.id, group, position));
        if (position > 0) {
            AckConfirmation confirmation = acks.get(node);
            if (confirmation != null) {
                confirmation.confirm(
                        position,
                        confirmed -> {
                            if (confirmed) {
                                acknowledged.merge(epoch, position, Math::max);
                            }
                        });
            }
        }
        settle(node);
    }

    /** Something goes on at some link. */
    private void pump() {
        links.removeIf(SimulatedLink::isOver);
        if (links.isEmpty()) {
            return;
        }
        SimulatedLink link = any(links);
        switch (random.nextInt(4)) {
            case 0, 1 -> {
                feed(link);
                deliverToFollower(link);
            }
            case 2 -> acknowledge(link);
            default -> deliverToLeader(link);
        }
    }

    private void feed(SimulatedLink link) {
        Feed feed = link.feed;
        if (!link.leaderOpen || feed == null) {
            return;
        }
        try {
            WireMessage message = feed.next();
            if (message != null) {
                link.toFollower.send(message);
            }
        } catch (WalException e) {
            say("the feed to node %d ends: %s".formatted(link.follower.id, e.getMessage()));
            link.closeLeader();
        }
        settle(link.leader);
    }

    private void deliverToFollower(SimulatedLink link) {
        SimulatedNode follower = link.follower;
        if (!link.followerOpen || !follower.isUp()) {
            return;
        }
        link.toFollower.deliver(random, message -> take(link, message));
        settle(follower);
    }

    private void take(SimulatedLink link, WireMessage message) {
        SimulatedNode follower = link.follower;
        if (!link.followerOpen || !follower.isUp()) {
            return;
        }
        switch (message) {
            case WireMessage.Continue _ -> link.joined = true;
            case WireMessage.Full full -> {
                if (follower.wal().position() > 0 && full.position() == 0 && !healing) {
                    say("node %d refuses an empty leader".formatted(follower.id));
                    link.closeFollower();
                } else {
                    follower.beginSync(full.bytes());
                    link.joined = true;
                }
            }
            case WireMessage.Data(ByteBuffer bytes) -> {
                assertThat(link.joined).isTrue();
                if (follower.isSyncing()) {
                    follower.sync(bytes);
                } else if (!follower.appendFrames(bytes)) {
                    say("node %d refuses frames".formatted(follower.id));
                    link.closeFollower();
                } else if (random.nextBoolean()) {
                    acknowledge(link);
                }
            }
            case WireMessage.SyncDone() -> {
                follower.install();
                checked.remove(follower);
                say("node %d installs".formatted(follower.id));
            }
            case WireMessage.Goodbye _ -> link.closeFollower();
            case WireMessage.Heartbeat _, WireMessage.Status _, WireMessage.Ack _ ->
                    throw new AssertionError(message);
        }
    }

    private void acknowledge(SimulatedLink link) {
        SimulatedNode follower = link.follower;
        if (link.followerOpen && follower.isUp() && link.joined) {
            long position = follower.isSyncing() ? 0 : follower.wal().position();
            link.toLeader.send(new WireMessage.Ack(position));
        }
    }

    private void deliverToLeader(SimulatedLink link) {
        if (!link.leaderOpen || !leads(link.leader)) {
            return;
        }
        link.toLeader.deliver(random, message -> hear(link, message));
        settle(link.leader);
    }

    private void hear(SimulatedLink link, WireMessage message) {
        SimulatedNode node = link.leader;
        if (!link.leaderOpen) {
            return;
        }
        switch (message) {
            case WireMessage.Status status -> admit(link, status);
            case WireMessage.Ack(long position) -> {
                assertThat(position).as("acknowledged").isLessThanOrEqualTo(node.wal().position());
                link.acknowledged = Math.max(link.acknowledged, position);
                tellAcknowledged(node);
            }
            default -> throw new AssertionError(message);
        }
    }

    private void admit(SimulatedLink link, WireMessage.Status status) {
        SimulatedNode node = link.leader;
        for (SimulatedLink other : links) {
            if (other != link && other.leader == node && other.follower == link.follower) {
                other.closeLeader();
            }
        }
        Wal wal = node.wal();
        Resync.Follower follower = Resync.Follower.of(status);
        if (Resync.isSuperseded(follower, Resync.Leader.of(wal))) {
            say("node %d is superseded".formatted(node.id));
            unlead(node);
            superseding.merge(node, status.epoch(), Math::max);
            return;
        }
        try {
            Feed feed = Feed.open(wal, follower);
            link.feed = feed;
            link.toFollower.send(feed.answer());
            switch (feed.decision()) {
                case Resync.Continue _ -> {
                    RESYNCS.incrementAndGet(Resync.Reason.values().length);
                    link.acknowledged = status.position();
                }
                case Resync.Full(Resync.Reason reason) -> RESYNCS.incrementAndGet(reason.ordinal());
            }
            say(
                    "node %d feeds node %d: %s for %s"
                            .formatted(node.id, link.follower.id, feed.decision(), status));
            tellAcknowledged(node);
        } catch (WalException e) {
            link.closeLeader();
        }
    }

    private void tellAcknowledged(SimulatedNode node) {
        AckConfirmation confirmation = acks.get(node);
        if (confirmation != null) {
            confirmation.acknowledged(
                    links.stream()
                            .filter(link -> link.leader == node && link.leaderOpen)
                            .mapToLong(link -> link.acknowledged)
                            .toArray());
        }
    }

    /** Whether a follower has no connection, or believes so. */
    private boolean isToConnect(SimulatedNode follower) {
        SimulatedLink link = current.get(follower);
        return link == null || link.isBroken() || random.nextInt(200) == 0;
    }

    /** A follower connects to the leader, whether or not it has a connection. */
    private void connect(SimulatedNode follower) {
        if (follower.isUp() && !leads(follower) && leads(leader)) {
            disconnect(follower);
            SimulatedLink link = new SimulatedLink(leader, follower);
            link.toLeader.send(WireMessage.Status.of(follower.wal(), 0));
            links.add(link);
            current.put(follower, link);
        }
    }

    /** The leader may never hear of it, and of what was on its way to it only later. */
    private void disconnect(SimulatedNode follower) {
        SimulatedLink before = current.remove(follower);
        if (before != null) {
            before.closeFollower();
        }
    }

    private void breakLink() {
        if (links.isEmpty()) {
            return;
        }
        SimulatedLink link = any(links);
        switch (random.nextInt(4)) {
            case 0 -> {
                link.toFollower.lose();
                link.toLeader.lose();
            }
            case 1 -> link.toFollower.lose();
            case 2 -> link.toLeader.lose();
            default -> link.closeLeader();
        }
        if (random.nextBoolean()) {
            link.closeFollower();
        }
    }

    private void crash(SimulatedNode node) {
        if (node.isUp()) {
            node.crash();
            gone(node);
        }
    }

    /** Has the node crashed at its last piece of work? */
    private void settle(SimulatedNode node) {
        if (node.isUp()) {
            node.settle();
            if (!node.isUp()) {
                gone(node);
            }
        }
    }

    private void gone(SimulatedNode node) {
        say("node %d crashes".formatted(node.id));
        checked.remove(node);
        for (SimulatedLink link : links) {
            if (link.leader == node) {
                link.closeLeader();
            }
            if (link.follower == node) {
                link.followerOpen = false;
            }
        }
        acks.remove(node);
    }

    private void restart() {
        for (SimulatedNode node : nodes) {
            if (!node.isUp()) {
                start(node);
                if (leads(node)) {
                    led(node, node::lead);
                }
            }
        }
    }

    private void start(SimulatedNode node) {
        node.start();
        say(
                node.isUp()
                        ? "node %d starts at %d".formatted(node.id, node.wal().position())
                        : "node %d crashes at its start".formatted(node.id));
    }

    private void promote(SimulatedNode node) {
        roles.put(node, Role.LEADER);
        long seen = superseding.getOrDefault(node, 0L);
        led(node, () -> node.promote(seen));
    }

    private void led(SimulatedNode node, Runnable begin) {
        begin.run();
        settle(node);
        if (node.isUp()) {
            acks.put(node, new AckConfirmation(1, Duration.ofHours(1)));
            say("node %d leads in %s".formatted(node.id, Epoch.text(node.wal().epoch())));
            if (node == leader) {
                leaderships.add(node.wal().epoch());
            }
        }
    }

    private void unlead(SimulatedNode node) {
        roles.put(node, Role.FOLLOWER);
        acks.remove(node);
        links.stream().filter(link -> link.leader == node).forEach(SimulatedLink::closeLeader);
    }

    /** The operator changes the leader, if no other node is down; the old one may not know. */
    private void failOver() {
        List<SimulatedNode> others = nodes.stream().filter(node -> node != leader).toList();
        if (!others.stream().allMatch(SimulatedNode::isUp)
                || others.stream().noneMatch(node -> leadership(node) >= 0)
                        && random.nextInt(4) > 0) {
            return;
        }
        for (SimulatedNode node : others) {
            unlead(node);
            disconnect(node);
        }
        SimulatedNode best = others.getFirst();
        for (SimulatedNode node : others) {
            int newer = leadership(node) - leadership(best);
            if (newer > 0 || newer == 0 && end(node) > end(best)) {
                best = node;
            }
        }
        SimulatedNode old = leader;
        say("node %d is to lead instead of node %d".formatted(best.id, old.id));
        leader = best;
        promote(best);
        if (random.nextBoolean()) {
            unlead(old);
        }
    }

    /** The newest that the node took part in; what it did behind the operator's back is none. */
    private int leadership(SimulatedNode node) {
        return node.wal().history().stream()
                .mapToInt(epoch -> leaderships.indexOf(epoch.value()))
                .max()
                .orElse(-1);
    }

    /** How far the node is in that. */
    private long end(SimulatedNode node) {
        int newest = leadership(node);
        return newest < 0 ? 0 : end(node, leaderships.get(newest));
    }

    /** The last position of an epoch that the node has, or -1 when it does not know it. */
    private static long end(SimulatedNode node, long epoch) {
        List<Epoch> history = node.wal().history();
        for (int i = 0; i < history.size(); i++) {
            if (history.get(i).value() == epoch) {
                return i + 1 < history.size()
                        ? history.get(i + 1).start() - 1
                        : node.wal().position();
            }
        }
        return -1;
    }

    private void check() {
        for (SimulatedNode node : up()) {
            checkRecords(node);
        }
        if (leader.isUp() && fsync.equals(FsyncPolicy.ALWAYS)) {
            acknowledged.forEach(this::checkAcknowledged);
        }
    }

    /** Equal positions of equal epochs mean equal records, and lead to equal data. */
    private void checkRecords(SimulatedNode node) {
        Wal wal = node.wal();
        long position = wal.position();
        Place here = new Place(wal.id(), node.epochOf(position), position);
        Place before = checked.put(node, here);
        if (here.equals(before)) {
            return;
        }
        for (Epoch epoch : wal.history()) {
            Long start = epochStarts.putIfAbsent(epoch.value(), epoch.start());
            assertThat(start == null ? epoch.start() : start)
                    .as("start of epoch %s", epoch)
                    .isEqualTo(epoch.start());
        }
        Map<String, String> state = states.putIfAbsent(here, new TreeMap<>(node.state()));
        if (state != null) {
            assertThat(node.state()).as("node %d at %s", node.id, here).isEqualTo(state);
        }
        List<String> tail = node.tail();
        long from = wal.basePosition();
        if (before != null && before.log().equals(wal.id()) && before.position() >= from) {
            from = Math.min(before.position(), position);
        }
        for (long at = from + 1; at <= position; at++) {
            String record = tail.get((int) (at - wal.basePosition() - 1));
            Place place = new Place(wal.id(), node.epochOf(at), at);
            String known = records.putIfAbsent(place, record);
            assertThat(known == null ? record : known)
                    .as("node %d at %s", node.id, place)
                    .isEqualTo(record);
        }
    }

    private void checkAcknowledged(long epoch, long position) {
        assertThat(end(leader, epoch))
                .as("what node %d has of epoch %s", leader.id, Epoch.text(epoch))
                .isGreaterThanOrEqualTo(position);
    }

    /** Everything works again: all nodes come to hold what the leader does. */
    private void heal() {
        healing = true;
        for (SimulatedNode node : nodes) {
            if (node != leader) {
                unlead(node);
            }
        }
        for (int round = 0; !areEqual(); round++) {
            assertThat(round).as("rounds until all are equal").isLessThan(MOST_ROUNDS);
            restart();
            if (leader.isUp() && !leads(leader)) {
                promote(leader);
            }
            pump();
            check();
            for (SimulatedNode node : nodes) {
                if (node != leader && isToConnect(node)) {
                    connect(node);
                }
            }
        }
        for (SimulatedNode node : nodes) {
            assertThat(node.state()).as("node %d", node.id).isEqualTo(leader.state());
        }
        check();
    }

    private boolean areEqual() {
        for (SimulatedNode node : nodes) {
            if (!node.isUp()
                    || !leads(leader)
                    || !node.wal().id().equals(leader.wal().id())
                    || node.wal().epoch() != leader.wal().epoch()
                    || node.wal().position() != leader.wal().position()) {
                return false;
            }
        }
        return true;
    }
}
