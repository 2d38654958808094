package io.keyval.cluster;

import io.keyval.config.KeyvalProperties;
import io.keyval.store.MemoryBudget;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shard as this node sees it: held here, or elsewhere. Says where its commands are executed, and
 * has that done; hears from its state machine what becomes of it. Thread-safe.
 */
final class ShardGroup
        implements Batcher.Route, KeyspaceStateMachine.Owner, NodeMessages.Recipient {

    private static final Logger log = LoggerFactory.getLogger(ShardGroup.class);

    private final int shard;
    private final RaftGroupId groupId;
    private final RaftPeerId self;
    private final ClusterSettings settings;
    private final ClientId clientId;
    private final MemoryBudget budget;
    private final Forwarder forwarder;
    private final Forwarder questions;
    private final Batcher batcher;
    private final OwnLog ownLog;
    private final Forwarding forwarding;
    private final NodeMessages messages;
    private final ReadIndex readIndex;
    private final Holders holders;
    private final KnownLeader known;
    private final Destinations destinations;
    private final CatchUp catchUp = new CatchUp();
    private final ShardFailure failure;
    private final Removal removal;

    private volatile @Nullable KeyspaceStateMachine machine;
    private volatile RaftServer.@Nullable Division division;
    private volatile Cluster.EntryListener entries = (_, _) -> {};

    /**
     * A shard.
     *
     * @param members ids of the nodes that hold it, as far as is known
     * @param forwarder of what clients ask
     * @param questions sends what nodes ask each other, over connections of its own
     */
    ShardGroup(
            int shard,
            List<String> members,
            boolean here,
            ClusterSettings settings,
            ClientId clientId,
            MemoryBudget budget,
            Forwarder forwarder,
            Forwarder questions,
            Neighbours neighbours,
            int maxInFlight,
            Bounds bounds) {
        this.shard = shard;
        this.groupId = groupId(settings.name(), shard);
        this.self = RaftPeerId.valueOf(Integer.toString(settings.id()));
        this.settings = settings;
        this.clientId = clientId;
        this.budget = budget;
        this.forwarder = forwarder;
        this.questions = questions;
        this.batcher = new Batcher("keyval-batcher-" + shard, this, maxInFlight, bounds);
        this.known = new KnownLeader(self.toString());
        this.ownLog = new OwnLog(shard, groupId, self, clientId, batcher, known);
        this.forwarding = new Forwarding(shard, groupId, forwarder, batcher, known);
        this.messages = new NodeMessages(neighbours, settings.id(), settings.maxValueSize(), this);
        LeaderReads reads =
                new LeaderReads(groupId, self, () -> division, () -> machine, questions, batcher);
        this.readIndex = new ReadIndex(reads, settings.electionTimeout());
        this.holders = new Holders(members, () -> division);
        this.destinations =
                new Destinations(
                        self.toString(),
                        known,
                        holders,
                        () -> {
                            RaftServer.Division open = division;
                            return open == null ? null : open.getInfo();
                        });
        this.failure = new ShardFailure(shard, () -> division, batcher::wake);
        this.removal = new Removal(shard, batcher::wake);
        this.machine = here ? newMachine() : null;
    }

    private KeyspaceStateMachine newMachine() {
        return new KeyspaceStateMachine(
                "Shard " + shard, budget, settings.snapshotThreshold(), clientId, this);
    }

    /** The id of the group of a shard: clusters of different names share none. */
    static RaftGroupId groupId(String cluster, int shard) {
        return RaftGroupId.valueOf(
                UUID.nameUUIDFromBytes(
                        "keyval/%s/%d".formatted(cluster, shard).getBytes(StandardCharsets.UTF_8)));
    }

    int shard() {
        return shard;
    }

    RaftGroupId groupId() {
        return groupId;
    }

    Batcher batcher() {
        return batcher;
    }

    /** Who holds the shard. */
    Holders holders() {
        return holders;
    }

    /** The state machine, or null where the shard is elsewhere. */
    @Nullable KeyspaceStateMachine machine() {
        return machine;
    }

    /** Ratis's side of the shard, or null where it is elsewhere, or not yet started. */
    RaftServer.@Nullable Division division() {
        return division;
    }

    /** Why the shard ended here, or null when it did not. */
    @Nullable String failure() {
        return failure.reason();
    }

    /** Since when the leader that is known leads, as this node has seen it. */
    @Nullable Instant leaderSince() {
        return known.since();
    }

    /** How often this node has heard of another leader. */
    long leaderChanges() {
        return known.changes();
    }

    /** Commands that were sent to another node. */
    long forwarded() {
        return forwarding.commands();
    }

    /** Commands whose fate is not known. */
    long unanswered() {
        return batcher.unanswered();
    }

    /** It is open; says how it is opened anew, by a thread of its own, where that helps. */
    void mendBy(Runnable how) {
        failure.mendBy(how);
    }

    /** Whether it is closed for now, and is opened again by itself when it can be. */
    boolean isMending() {
        return failure.isMending();
    }

    @Override
    public void choose() {
        known.choose();
    }

    /** Whether somebody has chosen this node to lead, and it has led since. */
    boolean isChosen() {
        return known.isChosen();
    }

    /** Whether this node held the shard, and was taken out of it. */
    boolean isRemoved() {
        return removal.isRemoved();
    }

    /** The leader has said whether this node holds the shard. */
    void heard(boolean member) {
        boolean closed = division != null && !isAlive() && failure.reason() == null;
        removal.heard(member, machine != null && holders.areKnown(), closed);
    }

    @Override
    public @Nullable Boolean holds(int id) {
        RaftServer.Division here = division;
        if (here == null || !leadsHere()) {
            return null;
        }
        // One that is being added gets the log before it is a member.
        return holders.include(id)
                ? Boolean.TRUE
                : Holders.isSentTheLog(here, id) ? null : Boolean.FALSE;
    }

    /** Makes what is here ready to be opened anew, from what is on disk. */
    void renew() {
        failure.retry();
        catchUp.restart();
        KeyspaceStateMachine before = machine;
        machine = newMachine();
        if (before != null) {
            before.release();
        }
    }

    /** It does not stand for election though no leader is heard, and is opened anew. */
    void barred() {
        failure.endUntilMended(
                "Shard %d was closed here: it heard no leader and stood for no election"
                        .formatted(shard));
    }

    /** Serves again what was renewed; answers false when its log has failed again meanwhile. */
    boolean reopen(RaftServer.Division opened) {
        division = opened;
        if (!failure.over()) {
            return false;
        }
        log.info("Shard {}: open again", shard);
        membersChanged();
        return true;
    }

    /** Begins to serve. */
    void open(RaftServer.@Nullable Division opened) {
        division = opened;
        batcher.start();
    }

    /**
     * Whether what is here has, since the node started, come to where the leader was when this node
     * first heard from it. True from then on, and where the shard is elsewhere.
     */
    boolean caughtUp() {
        return machine == null || catchUp.isDone(division);
    }

    /** Who leads and holds the shard, when this node knows by itself; else null. */
    @Nullable Composition composition() {
        RaftServer.Division here = division;
        String leader = leader();
        return here == null
                        || leader == null
                        || isRemoved()
                        || !here.getInfo().isAlive()
                        || !holders.areKnown()
                ? null
                : Composition.of(RaftPeerId.valueOf(leader), here.getRaftConf());
    }

    /** The ids of the nodes that may hold the shard, the likeliest first, as far as is known. */
    List<String> likeliestHolders() {
        return holders.likeliest(known.id());
    }

    /** The leader has said who holds the shard; counts where it is elsewhere. */
    void heard(Composition now) {
        if (machine == null) {
            holders.heard(now);
        }
    }

    /** Whether the group is open here. */
    boolean isAlive() {
        RaftServer.Division here = division;
        return here != null && here.getInfo().isAlive();
    }

    /**
     * Whether there is a leader, as far as this node knows, and it takes commands.
     *
     * @param now a {@link System#nanoTime}
     */
    boolean takesCommands(long now) {
        return destination() != Batcher.Destination.NOWHERE && !known.refuses(now);
    }

    /** Whether this node leads the shard and may take writes. */
    boolean leadsHere() {
        return destinations.isHere();
    }

    @Override
    public @Nullable String leader() {
        return destinations.leader();
    }

    @Override
    public Batcher.Destination destination() {
        return destinations.now();
    }

    /** Tells of the entries that are made from now on. */
    void listen(Cluster.EntryListener listener) {
        entries = listener;
    }

    @Override
    public void submit(Entry entry) {
        entries.entry(shard, entry.commands());
        ownLog.submit(entry, Objects.requireNonNull(machine), division);
    }

    @Override
    public void forward(Entry entry, String node) {
        forwarding.send(entry, node);
    }

    @Override
    public CompletableFuture<byte[]> ask(ByteBuffer message) {
        return messages.answer(message);
    }

    @Override
    public boolean isFull() {
        return batcher.isFull();
    }

    @Override
    public void execute(Part part) {
        if (isRemoved()) {
            part.end(part.mayForward() ? Outcome.LATE : new Outcome.NotLeader(null));
            return;
        }
        if (!part.hasWrites()) {
            // Writes that are under way take reads along; a round for those would come on top.
            if (settings.reads() == KeyvalProperties.Reads.INDEX
                    && leadsHere()
                    && !batcher.hasWrites()) {
                batcher.count(part);
                readIndex.add(part);
                return;
            }
            KeyspaceStateMachine here = machine;
            if (mayReadFromMemory() && here != null && LeaderReads.answer(here.replica(), part)) {
                return;
            }
        }
        batcher.add(part);
    }

    private boolean mayReadFromMemory() {
        return switch (settings.reads()) {
            case LOG, INDEX -> false;
            case LEASE -> leadsHere();
            case LOCAL -> machine != null && division != null && failure.reason() == null;
        };
    }

    @Override
    public long term() {
        return LeaderReads.term(division);
    }

    @Override
    public void leaderChanged(String leader) {
        if (known.changed(leader)) {
            RaftServer.Division here = division;
            log.info(
                    "Shard {}: node {} leads{}",
                    shard,
                    leader,
                    here == null ? "" : " in term " + here.getInfo().getCurrentTerm());
        }
        known.accepted();
        membersChanged();
        batcher.leaderChanged();
    }

    @Override
    public void leaderReady() {
        removal.heard(true, true, false);
        batcher.leaderChanged();
    }

    @Override
    public void membersChanged() {
        RaftServer.Division here = division;
        if (here != null) {
            forwarder.know(here.getRaftConf().getAllPeers());
            questions.know(here.getRaftConf().getAllPeers());
        }
        batcher.wake();
    }

    @Override
    public void failed(String reason) {
        failure.end(reason);
    }

    @Override
    public void failed(Throwable cause) {
        failed("Shard %d ended here: its commands cannot be sent (%s)".formatted(shard, cause));
    }

    @Override
    public void logFailed(String reason) {
        failure.endUntilMended(
                "Shard %d was closed here: its log could not be written (%s)"
                        .formatted(shard, reason));
    }

    @Override
    public void lost(Entry entry) {
        batcher.returned(entry);
    }

    @Override
    public void unknown(Entry entry) {
        batcher.unknown(entry);
    }

    @Override
    public void applied(Entry entry) {
        known.accepted();
        batcher.applied(entry);
    }
}
