package io.keyval.cluster;

import io.keyval.store.MemoryBudget;
import io.keyval.store.Store;
import io.keyval.wal.DataDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * This node of the cluster, from its start to its stop: holds the data directory, runs one Raft
 * server with a group for each shard that is kept here, and has done in turns what is to be done
 * again and again.
 */
final class RaftNode implements SmartLifecycle, Members.Leaders {

    private static final Logger log = LoggerFactory.getLogger(RaftNode.class);

    private static final String RAFT = "raft";

    /** How many election timeouts a shard may be without a leader before that is said. */
    private static final int LEADERLESS = 6;

    /** How often it is asked who holds the shards that are elsewhere. */
    private static final Duration SURVEY = Duration.ofSeconds(5);

    /**
     * Entries of a shard that a node has under way at once; docs/cluster.md says what other numbers
     * bring.
     */
    private static final int IN_FLIGHT = 2;

    private final ClusterSettings settings;
    private final MemoryBudget budget;
    private final Bounds bounds;
    private final Parameters parameters;
    private final Caller caller = new Caller();
    private final KnownNodes nodes;
    private final Members members;
    private final List<Thread> turns = new ArrayList<>();

    private volatile List<ShardGroup> groups = List.of();
    private volatile Cluster.EntryListener entries = (_, _) -> {};
    private volatile @Nullable Neighbours neighbours;
    private volatile boolean stopping;
    private @Nullable DataDirectory directory;
    private volatile @Nullable RaftServer server;
    private volatile @Nullable Forwarder forwarder;
    private volatile @Nullable Forwarder questions;
    private volatile @Nullable RaftProperties properties;
    private volatile @Nullable Survey survey;
    private volatile @Nullable Leadership leadership;

    RaftNode(ClusterSettings settings, MemoryBudget budget, Parameters parameters) {
        this.settings = settings;
        this.budget = budget;
        this.bounds = Bounds.of(settings, Runtime.getRuntime().maxMemory());
        this.parameters = parameters;
        this.nodes = new KnownNodes(settings, this::groups, this::word);
        this.members = new Members(this, caller);
    }

    ClusterSettings settings() {
        return settings;
    }

    @Override
    public List<ShardGroup> groups() {
        return groups;
    }

    /** The nodes of the cluster, as far as they are known. */
    KnownNodes nodes() {
        return nodes;
    }

    /** Changes who holds and leads the shards. */
    Members members() {
        return members;
    }

    /** What another node has said of itself, or null when it has not. */
    Neighbours.@Nullable Word word(int id) {
        Neighbours known = neighbours;
        return known == null ? null : known.of(id);
    }

    @Override
    public RaftClientReply ask(RaftClientRequest request) throws IOException {
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

    @Override
    public @Nullable Composition composition(ShardGroup shard) {
        Survey asking = survey;
        return asking == null ? shard.composition() : asking.composition(shard);
    }

    @Override
    public @Nullable String tellChosen(ShardGroup shard, RaftPeerId heir) {
        Leadership leading = leadership;
        return leading == null ? "this node stops" : leading.tellChosen(shard, heir);
    }

    @Override
    public Forwarder newForwarder() {
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
                    "The node could not join its cluster: %s."
                            .formatted(ClusterException.reason(e)),
                    e);
        } catch (RuntimeException e) {
            close();
            held.close();
            throw e;
        }
    }

    private void open(Path dataDir) throws IOException {
        RaftPort.refuseWhenTaken(settings.self());
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
        Forwarder asker = newForwarder();
        questions = asker;
        List<RaftPeer> peers = settings.peers().stream().map(ClusterSettings::raftPeer).toList();
        sender.know(peers);
        asker.know(peers);

        List<ShardGroup> shards = shards(sender, asker, known);
        NeighbourWatch watch =
                new NeighbourWatch(settings, shards, nodes, known, asker, sender, this::isStopping);
        GroupDirectories directories = new GroupDirectories(storage);
        if (directories.isEmpty()) {
            watch.hearBeforeForming();
        }
        for (ShardGroup shard : shards) {
            directories.hideUnformed(shard.groupId());
        }
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
        GroupFormation formation = new GroupFormation(settings, directories, opened, caller);
        Mending mending = new Mending(formation, directories, this::isStopping);
        for (ShardGroup shard : shards) {
            if (shard.machine() == null) {
                shard.open(null);
            } else {
                shard.open(formation.form(shard));
                shard.mendBy(() -> mending.mend(shard));
                shard.membersChanged();
            }
        }
        shards.forEach(shard -> shard.listen(entries));
        Survey asking = new Survey(settings, nodes, asker, sender, this::isStopping);
        Leadership leading = new Leadership(settings, opened, caller, sender);
        survey = asking;
        leadership = leading;
        groups = shards;
        takeTurns(shards, watch, leading, asking, opened);
    }

    private boolean isStopping() {
        return stopping;
    }

    /** Starts what is done again and again, for as long as this node runs. */
    private void takeTurns(
            List<ShardGroup> shards,
            NeighbourWatch watch,
            Leadership leading,
            Survey asking,
            RaftServer running) {
        repeat(
                "keyval-neighbours",
                NeighbourWatch.PERIOD,
                () -> {
                    shards.forEach(ShardGroup::caughtUp);
                    watch.askAll();
                    leading.spread(shards);
                });
        Duration patience = settings.electionTimeout().multipliedBy(LEADERLESS);
        List<LeaderlessWatch> leaderless =
                shards.stream()
                        .map(
                                shard ->
                                        new LeaderlessWatch(
                                                shard, patience, NeighbourWatch.FIRST_ANSWER))
                        .toList();
        FollowerLog logs = NodeRpc.followerLog(parameters);
        List<BarredFollower> barred =
                shards.stream()
                        .map(shard -> new BarredFollower(shard, logs, settings.electionTimeout()))
                        .toList();
        IOException silence = new IOException("no answer");
        Reconnects reconnects =
                new Reconnects(
                        shards,
                        running.getId(),
                        settings.electionTimeout(),
                        node -> running.getServerRpc().handleException(node, silence, true));
        repeat(
                "keyval-leaders",
                settings.electionTimeout(),
                () -> {
                    leaderless.forEach(LeaderlessWatch::look);
                    barred.forEach(BarredFollower::look);
                    reconnects.look();
                });
        repeat("keyval-elsewhere", SURVEY, () -> asking.lookElsewhere(shards));
    }

    /** What is done again and again. */
    private interface Turn {
        void take() throws InterruptedException;
    }

    private void repeat(String name, Duration pause, Turn turn) {
        turns.add(
                Thread.ofVirtual()
                        .name(name)
                        .start(
                                () -> {
                                    try {
                                        while (!stopping) {
                                            take(name, turn);
                                            Thread.sleep(pause);
                                        }
                                    } catch (InterruptedException e) {
                                        // The node stops.
                                    }
                                }));
    }

    /** Takes a turn; the next one is taken even when this one fails. */
    private void take(String name, Turn turn) throws InterruptedException {
        try {
            turn.take();
        } catch (RuntimeException e) {
            if (!stopping) {
                log.warn("The thread {} failed, and goes on", name, e);
            }
        }
    }

    private List<ShardGroup> shards(Forwarder sender, Forwarder asker, Neighbours known) {
        List<ShardGroup> shards = new ArrayList<>();
        for (int i = 0; i < settings.shards(); i++) {
            List<Integer> holders = settings.holders(i);
            shards.add(
                    new ShardGroup(
                            i,
                            holders.stream().map(id -> Integer.toString(id)).toList(),
                            settings.join() || holders.contains(settings.id()),
                            settings,
                            caller.id(),
                            budget,
                            sender,
                            asker,
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

    @Override
    public void stop() {
        stopping = true;
        turns.forEach(Thread::interrupt);
        Leadership leading = leadership;
        if (leading != null) {
            groups.forEach(leading::handOver);
        }
        close();
        DataDirectory held = directory;
        if (held != null) {
            directory = null;
            held.close();
        }
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
        close(forwarder);
        forwarder = null;
        close(questions);
        questions = null;
        survey = null;
        leadership = null;
    }

    private static void close(@Nullable Forwarder links) {
        if (links != null) {
            try {
                links.close();
            } catch (IOException e) {
                log.debug("The links to other nodes could not be closed", e);
            }
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
