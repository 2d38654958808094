package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import io.keyval.store.MemoryBudget;
import io.keyval.store.Store;
import io.keyval.wal.DataDirectory;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupInfoReply;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.ProtoUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * This node of the cluster: holds the data directory, runs one Raft server with a group for each
 * shard that is kept here, and hands leadership over before it stops.
 */
final class RaftNode implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(RaftNode.class);

    private static final String RAFT = "raft";

    /** The end of the name of a group's directory that is kept from Ratis for a moment. */
    private static final String UNFORMED = ".unformed";

    private static final Duration HAND_OVER = Duration.ofSeconds(3);

    /** How long a node leads a shard that another one had best lead. */
    private static final Duration CALM = Duration.ofSeconds(30);

    /** Entries that a node may lack and take the lead. */
    private static final long CLOSE = 100;

    /** Questions without an answer after which a node is said to be away. */
    private static final int SILENCE = 2;

    /** How many times as many of them it takes while a node has never answered. */
    private static final int STARTING = 10;

    /** How many election timeouts a shard may be without a leader before that is said. */
    private static final int LEADERLESS = 6;

    /** How many election timeouts a node may not answer before its connection is opened anew. */
    private static final int STUCK = 4;

    private static final Duration MEND = Duration.ofSeconds(1);

    /** What has to be free before a closed shard is opened again: segments, and what comes next. */
    private static final int ROOM_MB = 6;

    private static final String PROBE = "room";
    private static final Duration WATCH = Duration.ofSeconds(3);

    /** How long a node that starts for the first time waits for the word of each other one. */
    private static final Duration FIRST_WORD = Duration.ofSeconds(5);

    /** How often it is asked who holds the shards that are elsewhere. */
    private static final Duration SURVEY = Duration.ofSeconds(5);

    private static final int IN_FLIGHT = 2;

    private final ClusterSettings settings;
    private final MemoryBudget budget;
    private final Bounds bounds;
    private final Parameters parameters;
    private final ClientId clientId = ClientId.randomId();
    private final AtomicLong callId = new AtomicLong();

    private final Members members;

    /** Questions that nodes have not answered, one behind the other; for the watching thread. */
    private final Map<Integer, Integer> silent = new HashMap<>();

    private final Set<Integer> heardOnce = new HashSet<>();

    /** Nodes that formed the cluster with this one, as they have said; for the watching thread. */
    private final Set<Integer> agreed = new HashSet<>();

    private volatile boolean forming;

    private long nextSpread = System.nanoTime();

    private volatile List<ShardGroup> groups = List.of();
    private volatile Cluster.EntryListener entries = (_, _) -> {};
    private volatile @Nullable Neighbours neighbours;
    private volatile boolean stopping;
    private @Nullable DataDirectory directory;
    private volatile @Nullable RaftServer server;
    private volatile @Nullable Forwarder forwarder;
    private volatile @Nullable RaftProperties properties;
    private @Nullable Thread watch;
    private @Nullable Thread survey;
    private @Nullable Thread leaderWatch;

    RaftNode(ClusterSettings settings, MemoryBudget budget, Parameters parameters) {
        this.settings = settings;
        this.budget = budget;
        this.bounds = Bounds.of(settings, Runtime.getRuntime().maxMemory());
        this.parameters = parameters;
        this.members = new Members(this, clientId, callId);
    }

    ClusterSettings settings() {
        return settings;
    }

    /** The shards in order; none before the start. */
    List<ShardGroup> groups() {
        return groups;
    }

    Members members() {
        return members;
    }

    /** What another node has said of itself, or null when it has not. */
    Neighbours.@Nullable Word word(int id) {
        Neighbours known = neighbours;
        return known == null ? null : known.of(id);
    }

    /** Has the node that a request names do what it says, and waits for that. */
    RaftClientReply ask(RaftClientRequest request) throws IOException {
        RaftServer running = server;
        Forwarder sender = forwarder;
        if (running == null || sender == null) {
            throw new ClusterException(
                    ClusterException.Kind.UNAVAILABLE, "This node has not started yet, or stops.");
        }
        if (!request.getServerId().equals(running.getId())) {
            return sender.order(request);
        }
        return switch (request) {
            case SetConfigurationRequest change -> running.setConfiguration(change);
            case TransferLeadershipRequest transfer -> running.transferLeadership(transfer);
            default -> throw new IllegalArgumentException("No order: " + request);
        };
    }

    /**
     * Who leads and holds a shard: as this node knows by itself, or as the node says that leads it.
     * Null when nobody is found who leads it; each node that does not answer is waited for.
     */
    @Nullable Composition composition(ShardGroup shard) {
        Composition here = shard.composition();
        Forwarder sender = forwarder;
        if (here != null || sender == null) {
            return here;
        }
        Deque<String> next = new ArrayDeque<>(shard.holders());
        members.nodes().forEach(node -> next.add(Integer.toString(node.id())));
        Set<String> asked = new HashSet<>(Set.of(Integer.toString(settings.id())));
        while (!next.isEmpty() && !stopping) {
            String id = next.remove();
            if (!asked.add(id)) {
                continue;
            }
            try {
                GroupInfoReply said = sender.info(RaftPeerId.valueOf(id), shard.groupId());
                RoleInfoProto role = said.getRoleInfoProto();
                if (role.getRole() == RaftPeerRole.LEADER && said.getConf().isPresent()) {
                    Composition now =
                            Composition.of(RaftPeerId.valueOf(id), said.getConf().orElseThrow());
                    sender.know(now.all());
                    shard.heard(now);
                    return now;
                }
                RaftPeerProto leader = role.getFollowerInfo().getLeaderInfo().getId();
                if (!leader.getId().isEmpty()) {
                    sender.know(List.of(ProtoUtils.toRaftPeer(leader)));
                    next.addFirst(leader.getId().toStringUtf8());
                }
            } catch (IOException e) {
                log.debug("Node {} did not say who holds shard {}", id, shard.shard(), e);
            }
        }
        return null;
    }

    /** Something to ask nodes by that are no members, and may not be at their address. */
    Forwarder newForwarder() {
        return new Forwarder(Objects.requireNonNull(properties), parameters);
    }

    /** Tells of the entries that are made from now on. */
    void listen(Cluster.EntryListener listener) {
        entries = listener;
        groups.forEach(shard -> shard.listen(listener));
    }

    @Override
    public void start() {
        settings.self();
        DataDirectory held = DataDirectory.open(settings.dataDir());
        try {
            open(held.path());
            directory = held;
        } catch (IOException e) {
            close();
            held.close();
            throw new ClusterException(
                    "The node could not join its cluster: %s.".formatted(reason(e)), e);
        } catch (RuntimeException e) {
            close();
            held.close();
            throw e;
        }
    }

    private static String reason(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }

    private void open(Path dataDir) throws IOException {
        refuseTakenPort();
        ClusterFile file = ClusterFile.read(dataDir);
        if (file == null) {
            file = ClusterFile.first(settings);
            file.write(dataDir);
        } else {
            file.check(settings, dataDir);
        }
        Neighbours known = new Neighbours(settings, dataDir, file);
        neighbours = known;
        Path storage = dataDir.resolve(RAFT).toAbsolutePath();
        Files.createDirectories(storage);
        RaftProperties made = RaftSettings.of(settings, bounds, storage);
        properties = made;
        Forwarder sender = newForwarder();
        forwarder = sender;
        sender.know(settings.peers().stream().map(ClusterSettings::raftPeer).toList());

        List<ShardGroup> shards = shards(sender, known);
        forming = isEmpty(storage);
        if (forming) {
            refuseWhatOthersRefuse(shards.getFirst(), sender, known);
        }
        hideUnformed(storage, shards);
        RaftServer opened =
                RaftServer.newBuilder()
                        .setServerId(ClusterSettings.peerId(settings.id()))
                        .setProperties(made)
                        .setParameters(parameters)
                        .setOption(RaftStorage.StartupOption.RECOVER)
                        .setStateMachineRegistry(id -> machine(shards, id))
                        .build();
        server = opened;
        opened.start();
        for (ShardGroup shard : shards) {
            if (shard.machine() == null) {
                shard.open(null);
            } else {
                shard.mendBy(() -> mend(opened, storage, shard));
                form(opened, storage, shard);
                RaftServer.Division division = opened.getDivision(shard.groupId());
                shard.open(division);
                shard.membersChanged();
            }
        }
        shards.forEach(shard -> shard.listen(entries));
        groups = shards;
        watch = Thread.ofVirtual().name("keyval-neighbours").start(this::watch);
        leaderWatch = Thread.ofVirtual().name("keyval-leaders").start(this::watchLeaders);
        survey = Thread.ofVirtual().name("keyval-elsewhere").start(this::surveyElsewhere);
    }

    /** Ratis ends the process without a word where it cannot listen. */
    private void refuseTakenPort() throws IOException {
        ClusterPeer self = settings.self();
        String host = RaftSettings.bindAddress(self.host());
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(
                    host == null
                            ? new InetSocketAddress(self.port())
                            : new InetSocketAddress(host, self.port()));
        } catch (BindException e) {
            String reason =
                    String.valueOf(e.getMessage()).contains("Permission denied")
                            ? "not open to this user: set keyval.cluster.peers, on all nodes, to have a port above 1023 for node %d."
                            : "in use: end the process that has it, or set keyval.cluster.peers, on all nodes, to have another one for node %d.";
            throw new ClusterException(
                    "Port %d is %s".formatted(self.port(), reason.formatted(self.id())));
        }
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.findAny().isEmpty();
        }
    }

    /** What another node says at the first start is heard before this node takes part. */
    private void refuseWhatOthersRefuse(ShardGroup any, Forwarder sender, Neighbours known) {
        for (ClusterPeer peer : settings.peers()) {
            Neighbours.Word word =
                    peer.id() == settings.id() ? null : word(peer, any, sender, known);
            String reason = word == null ? null : against(word, known, true);
            if (reason != null) {
                throw new ClusterException(reason);
            }
        }
    }

    /**
     * Why this node must not take part, going by the word of another one; null when it may.
     *
     * @param forming whether the two have not agreed yet on who forms the cluster
     */
    private @Nullable String against(Neighbours.Word word, Neighbours known, boolean forming) {
        if (!known.isKnownTo(word)) {
            // It would vote again, and lose what it had agreed to.
            return "Node %1$d is a member of the cluster %2$s with data that is not in %3$s; start it with its data, or remove node %1$d from the cluster and start this one with keyval.cluster.join and an id that was never used."
                    .formatted(settings.id(), settings.name(), settings.dataDir().toAbsolutePath());
        }
        if (forming && !known.agreesWith(word)) {
            // Each list could elect a leader of its own.
            return "Node %d has other nodes in its keyval.cluster.peers, %s, than this one; set the same on all nodes that form the cluster, or keyval.cluster.join on those that come later, and begin with an empty data directory."
                    .formatted(word.id(), word.founders());
        }
        return null;
    }

    private static Neighbours.@Nullable Word word(
            ClusterPeer peer, ShardGroup any, Forwarder sender, Neighbours known) {
        try {
            return known.heard(
                    sender.send(Integer.toString(peer.id()), any.groupId(), known.question())
                            .get(FIRST_WORD.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException | TimeoutException | ClusterException e) {
            // It is not there, or has not started, or does not hold this shard.
            return null;
        }
    }

    /** Looks often whether each shard has a leader, for as long as this node runs. */
    private void watchLeaders() {
        Duration patience = settings.electionTimeout().multipliedBy(LEADERLESS);
        Duration firstPatience = WATCH.multipliedBy(STARTING * SILENCE);
        Reconnects reconnects = new Reconnects(settings.electionTimeout().multipliedBy(STUCK));
        try {
            while (!stopping) {
                groups.forEach(shard -> shard.watchLeader(patience, firstPatience));
                reconnects.due(silentNodes(), System.nanoTime()).forEach(this::reconnect);
                Thread.sleep(settings.electionTimeout());
            }
        } catch (InterruptedException e) {
            // The node stops.
        }
    }

    /** The nodes that should answer this one for some shard, and do so for none. */
    private Set<RaftPeerId> silentNodes() {
        Set<RaftPeerId> heard = new HashSet<>();
        Set<RaftPeerId> silent = new HashSet<>();
        for (ShardGroup shard : groups) {
            shard.sortByAnswer(settings.electionTimeout().toMillis(), heard, silent);
        }
        silent.removeAll(heard);
        return silent;
    }

    /** Has Ratis open its connection to a node anew; closing the old one may take seconds. */
    private void reconnect(RaftPeerId node) {
        RaftServer running = server;
        if (running != null) {
            IOException reason = new IOException("no answer");
            Thread.ofVirtual()
                    .name("keyval-reconnect-" + node)
                    .start(() -> running.getServerRpc().handleException(node, reason, true));
        }
    }

    /** Tells a node that somebody has chosen it to lead a shard; null tells that it knows. */
    @Nullable String tellChosen(ShardGroup shard, RaftPeerId heir) {
        if (heir.equals(ClusterSettings.peerId(settings.id()))) {
            shard.choose();
            return null;
        }
        Forwarder sender = forwarder;
        if (sender == null) {
            return "this node stops";
        }
        try {
            sender.send(heir.toString(), shard.groupId(), ForwardCodec.chosen())
                    .get(1, TimeUnit.SECONDS);
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        } catch (ExecutionException | TimeoutException e) {
            return reason(e);
        }
    }

    /** Asks the others who they are, for as long as this node runs. */
    private void watch() {
        try {
            while (!stopping) {
                groups.forEach(ShardGroup::caughtUp);
                askNeighbours();
                spreadLeaders();
                Thread.sleep(WATCH);
            }
        } catch (InterruptedException e) {
            // The node stops.
        }
    }

    /** Keeps in mind who holds the shards that are elsewhere, for as long as this node runs. */
    private void surveyElsewhere() {
        try {
            while (!stopping) {
                for (ShardGroup shard : groups) {
                    if (shard.machine() == null) {
                        composition(shard);
                    }
                }
                Thread.sleep(SURVEY);
            }
        } catch (InterruptedException e) {
            // The node stops.
        }
    }

    private void askNeighbours() throws InterruptedException {
        Neighbours known = neighbours;
        Forwarder sender = forwarder;
        if (known == null || sender == null || groups.isEmpty()) {
            return;
        }
        List<ClusterView.Node> all = members.nodes();
        for (ClusterView.Node node : all) {
            if (node.id() != settings.id()) {
                askNeighbour(node.id(), known, sender);
            }
        }
        if (groups.stream().allMatch(ShardGroup::knowsMembers)) {
            for (int id : known.known()) {
                if (all.stream().noneMatch(node -> node.id() == id)) {
                    known.forget(id);
                }
            }
        }
    }

    /** Asks a node about every shard that it holds, until it does not answer. */
    private void askNeighbour(int id, Neighbours known, Forwarder sender)
            throws InterruptedException {
        for (ShardGroup shard : groups) {
            if (stopping || !shard.isHeldBy(id)) {
                continue;
            }
            try {
                Neighbours.Word word =
                        known.heard(
                                sender.send(Integer.toString(id), shard.groupId(), known.question())
                                        .get(1, TimeUnit.SECONDS));
                String reason = against(word, known, forming && !agreed.contains(word.id()));
                if (reason != null) {
                    groups.stream()
                            .filter(each -> each.machine() != null)
                            .forEach(each -> each.failed(reason));
                    return;
                }
                agreed.add(word.id());
                heard(id);
                if (word.member() != null) {
                    shard.heard(word.member());
                }
            } catch (ExecutionException | TimeoutException | ClusterException e) {
                log.debug("Node {} did not say who it is", id, e);
                if (notHeard(id, e) >= SILENCE && e instanceof TimeoutException) {
                    sender.reconnect(ClusterSettings.peerId(id));
                }
                return;
            }
        }
    }

    private void heard(int id) {
        boolean before = !heardOnce.add(id);
        Integer missed = silent.remove(id);
        if (before && missed != null && missed >= SILENCE) {
            log.info("Node {} answers again", id);
        }
    }

    /**
     * Counts that a node did not answer, and returns how often it did not, one behind the other.
     */
    private int notHeard(int id, Exception cause) {
        // Nodes that are started together are not there all at once.
        int most = heardOnce.contains(id) ? SILENCE : STARTING * SILENCE;
        int missed = silent.merge(id, 1, Integer::sum);
        if (missed == most && !stopping) {
            log.warn(
                    "Node {} cannot be reached: {}",
                    id,
                    cause instanceof TimeoutException ? "it does not answer" : reason(cause));
        }
        return missed;
    }

    /** Gives a shard to the node that had best lead it: one at a time, and not soon again. */
    private void spreadLeaders() {
        if (settings.shards() == 1 || System.nanoTime() - nextSpread < 0) {
            return;
        }
        List<Integer> ids = settings.peers().stream().map(ClusterPeer::id).sorted().toList();
        for (ShardGroup shard : groups) {
            int best = Slots.nodes(shard.shard(), ids, settings.replicationFactor()).getFirst();
            Instant since = shard.leaderSince();
            if (best != settings.id()
                    && shard.leadsHere()
                    && !shard.isChosen()
                    && since != null
                    && since.plus(CALM).isBefore(Instant.now())
                    && isClose(shard.view(), best)) {
                nextSpread = System.nanoTime() + CALM.toNanos();
                handOver(shard, ClusterSettings.peerId(best));
                return;
            }
        }
    }

    private boolean isClose(ClusterView.Group shard, int id) {
        for (ClusterView.PeerState peer : shard.peers()) {
            Long lag = peer.lag();
            Long silence = peer.silentMillis();
            if (peer.id() == id) {
                return peer.voting()
                        && lag != null
                        && lag <= CLOSE
                        && silence != null
                        && silence <= settings.electionTimeout().toMillis();
            }
        }
        return false;
    }

    private List<ShardGroup> shards(Forwarder sender, Neighbours known) {
        List<Integer> ids = settings.peers().stream().map(ClusterPeer::id).sorted().toList();
        List<ShardGroup> shards = new ArrayList<>();
        for (int i = 0; i < settings.shards(); i++) {
            List<Integer> members = Slots.nodes(i, ids, settings.replicationFactor());
            shards.add(
                    new ShardGroup(
                            i,
                            members.stream().map(id -> Integer.toString(id)).toList(),
                            settings.join() || members.contains(settings.id()),
                            settings,
                            clientId,
                            budget,
                            sender,
                            known,
                            IN_FLIGHT,
                            bounds));
        }
        return shards;
    }

    private static KeyspaceStateMachine machine(List<ShardGroup> shards, RaftGroupId id) {
        for (ShardGroup shard : shards) {
            KeyspaceStateMachine machine = shard.machine();
            if (shard.groupId().equals(id) && machine != null) {
                return machine;
            }
        }
        throw new ClusterException("The group %s is no shard of this node.".formatted(id));
    }

    /**
     * Ratis opens what is in its storage without knowing any members. Where none were stored yet,
     * the group has to be given to it with those of the settings.
     */
    private static void hideUnformed(Path storage, List<ShardGroup> shards) throws IOException {
        for (ShardGroup shard : shards) {
            Path group = storage.resolve(shard.groupId().getUuid().toString());
            if (Files.isDirectory(group)
                    && !Files.exists(group.resolve("current").resolve("raft-meta.conf"))) {
                Files.move(
                        group,
                        group.resolveSibling(group.getFileName() + UNFORMED),
                        StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    private void form(RaftServer opened, Path storage, ShardGroup shard) throws IOException {
        Path group = storage.resolve(shard.groupId().getUuid().toString());
        Path hidden = group.resolveSibling(group.getFileName() + UNFORMED);
        if (Files.isDirectory(hidden)) {
            Files.move(hidden, group, StandardCopyOption.ATOMIC_MOVE);
        }
        for (RaftGroupId id : opened.getGroupIds()) {
            if (id.equals(shard.groupId())) {
                return;
            }
        }
        RaftClientReply reply =
                opened.groupManagement(
                        GroupManagementRequest.newAdd(
                                clientId,
                                opened.getId(),
                                callId.incrementAndGet(),
                                RaftGroup.valueOf(shard.groupId(), founders(shard)),
                                false));
        if (!reply.isSuccess()) {
            throw reply.getException();
        }
    }

    /** Closes a shard whose log failed, and opens it again from disk as soon as that can be. */
    private void mend(RaftServer running, Path storage, ShardGroup shard) {
        boolean closed = false;
        try {
            while (!stopping) {
                try {
                    if (!closed) {
                        remove(running, shard);
                        closed = true;
                    }
                    Thread.sleep(MEND);
                    if (!stopping && hasRoom(storage)) {
                        shard.renew();
                        form(running, storage, shard);
                        shard.reopen(running.getDivision(shard.groupId()));
                        return;
                    }
                } catch (IOException | RuntimeException e) {
                    log.debug("Shard {} could not be opened again yet", shard.shard(), e);
                }
            }
        } catch (InterruptedException e) {
            // The node stops.
        }
    }

    private void remove(RaftServer running, ShardGroup shard) throws IOException {
        RaftClientReply reply =
                running.groupManagement(
                        GroupManagementRequest.newRemove(
                                clientId,
                                running.getId(),
                                callId.incrementAndGet(),
                                shard.groupId(),
                                false,
                                false));
        if (!reply.isSuccess()) {
            throw reply.getException();
        }
    }

    /** Whether as much as a log needs to begin can be written, and forced. */
    private static boolean hasRoom(Path storage) throws IOException {
        Path probe = storage.resolveSibling(PROBE);
        try (FileChannel channel =
                FileChannel.open(
                        probe,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer block = ByteBuffer.allocate(1 << 20);
            for (int i = 0; i < ROOM_MB; i++) {
                block.clear();
                while (block.hasRemaining()) {
                    channel.write(block);
                }
            }
            channel.force(true);
            return true;
        } catch (IOException e) {
            return false;
        } finally {
            Files.deleteIfExists(probe);
        }
    }

    private List<RaftPeer> founders(ShardGroup shard) {
        if (settings.join()) {
            return List.of();
        }
        List<Integer> ids = settings.peers().stream().map(ClusterPeer::id).sorted().toList();
        List<Integer> members = Slots.nodes(shard.shard(), ids, settings.replicationFactor());
        return settings.peers().stream()
                .filter(peer -> members.contains(peer.id()))
                .map(ClusterSettings::raftPeer)
                .toList();
    }

    @Override
    public void stop() {
        stopping = true;
        Thread watching = watch;
        if (watching != null) {
            watching.interrupt();
        }
        Thread surveying = survey;
        if (surveying != null) {
            surveying.interrupt();
        }
        Thread looking = leaderWatch;
        if (looking != null) {
            looking.interrupt();
        }
        for (ShardGroup shard : groups) {
            handOver(shard);
        }
        close();
        DataDirectory held = directory;
        if (held != null) {
            directory = null;
            held.close();
        }
    }

    /** Has the node that is nearest lead in this one's place. */
    private void handOver(ShardGroup shard) {
        RaftServer.Division division = shard.division();
        if (division == null || !division.getInfo().isLeader()) {
            return;
        }
        RaftPeerId heir = nearest(division, settings.electionTimeout().toMillis());
        if (heir != null) {
            handOver(shard, heir);
        }
    }

    private void handOver(ShardGroup shard, RaftPeerId heir) {
        RaftServer running = server;
        if (running == null) {
            return;
        }
        try {
            RaftClientReply reply =
                    running.transferLeadershipAsync(
                                    new TransferLeadershipRequest(
                                            clientId,
                                            running.getId(),
                                            shard.groupId(),
                                            callId.incrementAndGet(),
                                            heir,
                                            HAND_OVER.toMillis()))
                            .get(HAND_OVER.toMillis() + 500, TimeUnit.MILLISECONDS);
            log.info(
                    "Shard {}: {}",
                    shard.shard(),
                    reply.isSuccess()
                            ? "node %s leads in the place of this one".formatted(heir)
                            : "leadership could not be handed over, so the others will choose");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | ExecutionException | TimeoutException | CompletionException e) {
            log.info("Shard {}: leadership could not be handed over", shard.shard());
        }
    }

    private static @Nullable RaftPeerId nearest(RaftServer.Division division, long longestSilence) {
        RoleInfoProto role = division.getInfo().getRoleInfoProto();
        long[] matched = division.getInfo().getFollowerMatchIndices();
        List<ServerRpcProto> followers = role.getLeaderInfo().getFollowerInfoList();
        if (matched == null || matched.length != followers.size()) {
            return null;
        }
        RaftPeerId best = null;
        long bestMatch = -1;
        for (int i = 0; i < matched.length; i++) {
            RaftPeerId id = RaftPeerId.valueOf(followers.get(i).getId().getId());
            boolean awake = followers.get(i).getLastRpcElapsedTimeMs() <= longestSilence;
            if (awake && ShardGroup.votes(division, id) && matched[i] > bestMatch) {
                best = id;
                bestMatch = matched[i];
            }
        }
        return best;
    }

    private void close() {
        RaftServer running = server;
        if (running != null) {
            try {
                running.close();
            } catch (IOException e) {
                log.debug("The Raft server could not be closed", e);
            }
            server = null;
        }
        for (ShardGroup shard : groups) {
            shard.batcher().close();
        }
        Forwarder sender = forwarder;
        if (sender != null) {
            try {
                sender.close();
            } catch (IOException e) {
                log.debug("The links to other nodes could not be closed", e);
            }
            forwarder = null;
        }
    }

    @Override
    public boolean isRunning() {
        return directory != null;
    }

    @Override
    public int getPhase() {
        return Store.PHASE;
    }
}
