package io.keyval.cluster;

import io.keyval.store.MemoryBudget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shard as this node sees it: held here, or elsewhere. Says where its commands are executed, and
 * has that done.
 */
final class ShardGroup implements Batcher.Route, KeyspaceStateMachine.Owner {

    private static final Logger log = LoggerFactory.getLogger(ShardGroup.class);

    private static final long REFUSED = Duration.ofMillis(500).toNanos();

    /** A learner that is to vote is no member for a moment. */
    private static final int SURE = 2;

    private final int shard;
    private final RaftGroupId groupId;
    private final RaftPeerId self;
    private final ClusterSettings settings;
    private final ClientId clientId;
    private final Forwarder forwarder;
    private final Neighbours neighbours;
    private final Batcher batcher;
    private final MemoryBudget budget;
    private final LongAdder leaderChanges = new LongAdder();
    private final LongAdder forwarded = new LongAdder();

    private volatile @Nullable KeyspaceStateMachine machine;
    private volatile RaftServer.@Nullable Division division;
    private volatile List<String> members;

    /** Who holds the shard where it is elsewhere, or null until that was heard. */
    private volatile @Nullable Composition elsewhere;

    private volatile @Nullable String leader;
    private volatile @Nullable Instant leaderSince;
    private volatile @Nullable String failure;
    private volatile boolean caughtUp;
    private volatile long goal = -1;
    private volatile boolean mending;
    private volatile boolean removed;
    private volatile boolean chosen;
    private volatile long leaderlessSince;
    private volatile boolean leaderless;
    private volatile boolean leaderMissed;

    /** Until when it counts that the leader sent something back: what waits is sent again soon. */
    private volatile long refusedUntil = System.nanoTime();

    private volatile Runnable mender = () -> {};
    private volatile Cluster.EntryListener entries = (_, _) -> {};
    private int next;
    private int strangerFor;

    /**
     * A shard.
     *
     * @param members ids of the nodes that hold it, as far as is known
     */
    ShardGroup(
            int shard,
            List<String> members,
            boolean here,
            ClusterSettings settings,
            ClientId clientId,
            MemoryBudget budget,
            Forwarder forwarder,
            Neighbours neighbours,
            int maxInFlight,
            Bounds bounds) {
        this.shard = shard;
        this.groupId = groupId(settings.name(), shard);
        this.self = RaftPeerId.valueOf(Integer.toString(settings.id()));
        this.members = members;
        this.settings = settings;
        this.clientId = clientId;
        this.forwarder = forwarder;
        this.neighbours = neighbours;
        this.batcher = new Batcher("keyval-batcher-" + shard, this, maxInFlight, bounds);
        this.budget = budget;
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
        return failure;
    }

    /** Since when the leader that is known leads, as this node has seen it. */
    @Nullable Instant leaderSince() {
        return leaderSince;
    }

    long leaderChanges() {
        return leaderChanges.sum();
    }

    /** Commands that were sent to another node. */
    long forwarded() {
        return forwarded.sum();
    }

    /** Commands whose fate is not known. */
    long unanswered() {
        return batcher.unanswered();
    }

    /** Says how the shard is opened anew, by a thread of its own, when its log failed. */
    void mendBy(Runnable how) {
        mender = how;
    }

    /** Whether it is closed for now, and is opened again by itself when it can be. */
    boolean isMending() {
        return mending;
    }

    /** Somebody has chosen this node to lead: it does so until another one leads. */
    void choose() {
        chosen = true;
    }

    /** Whether somebody has chosen this node to lead, and it has led since. */
    boolean isChosen() {
        return chosen;
    }

    /** Whether this node held the shard, and was taken out of it. */
    boolean isRemoved() {
        return removed;
    }

    /** The leader has said whether this node holds the shard. For one thread. */
    void heard(boolean member) {
        strangerFor = member ? 0 : strangerFor + 1;
        if (removed && member) {
            removed = false;
            log.info("Shard {}: this node is a member again", shard);
            batcher.wake();
        } else if (!removed && strangerFor >= SURE && machine != null && knowsMembers()) {
            removed = true;
            log.warn("Shard {}: this node was removed, and answers its commands by ERROR", shard);
        }
    }

    /** Whether a node holds the shard, as its leader knows; null where another node leads. */
    private @Nullable Boolean holds(int id) {
        return leadsHere() ? Boolean.valueOf(isHeldBy(id)) : null;
    }

    /**
     * Says once that the shard has no leader that takes commands, when that lasts, and how long it
     * lasted when it has one. For one thread, which calls this often.
     *
     * @param patience for how long elections may last
     * @param firstPatience likewise, until the first leader is known
     */
    void watchLeader(Duration patience, Duration firstPatience) {
        long now = System.nanoTime();
        RaftServer.Division here = division;
        if (here == null || !here.getInfo().isAlive() || removed || !knowsMembers()) {
            leaderless = false;
            return;
        }
        if (destination() != Batcher.Destination.NOWHERE && refusedUntil - now <= 0) {
            if (leaderless && leaderMissed) {
                log.info(
                        "Shard {}: node {} leads; nobody did for {} ms",
                        shard,
                        leader(),
                        Duration.ofNanos(now - leaderlessSince).toMillis());
            }
            leaderless = false;
            return;
        }
        if (!leaderless) {
            leaderless = true;
            leaderMissed = false;
            leaderlessSince = now;
            return;
        }
        Duration enough = leaderSince == null ? firstPatience : patience;
        if (!leaderMissed && now - leaderlessSince >= enough.toNanos()) {
            leaderMissed = true;
            log.warn(
                    "Shard {}: no leader that takes commands for {} ms, as far as this node knows",
                    shard,
                    Duration.ofNanos(now - leaderlessSince).toMillis());
        }
    }

    /**
     * Sorts the nodes that hold the shard by whether they answer this one: those that follow it do
     * or do not, and while there is no leader nobody does. Says nothing of them while another one
     * leads.
     *
     * @param longestSilence milliseconds that a node which follows may not answer for
     * @param heard takes those that answer
     * @param silent takes those that do not
     */
    void sortByAnswer(long longestSilence, Set<RaftPeerId> heard, Set<RaftPeerId> silent) {
        RaftServer.Division here = division;
        if (here == null || !here.getInfo().isAlive() || removed) {
            return;
        }
        if (here.getInfo().isLeader()) {
            for (ServerRpcProto follower :
                    here.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList()) {
                RaftPeerId id = RaftPeerId.valueOf(follower.getId().getId());
                (follower.getLastRpcElapsedTimeMs() <= longestSilence ? heard : silent).add(id);
            }
        } else if (here.getInfo().getLeaderId() == null) {
            Stream.concat(voters().stream(), learners().stream())
                    .map(RaftPeer::getId)
                    .filter(id -> !id.equals(self))
                    .forEach(silent::add);
        }
    }

    /** Makes what is here ready to be opened anew, from what is on disk. */
    void renew() {
        machine = newMachine();
    }

    /** Serves again what was renewed. */
    void reopen(RaftServer.Division opened) {
        goal = -1;
        caughtUp = false;
        division = opened;
        failure = null;
        mending = false;
        log.info("Shard {}: open again, its log can be written", shard);
        membersChanged();
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
        RaftServer.Division here = division;
        if (caughtUp || machine == null) {
            return true;
        }
        if (here == null || !here.getInfo().isAlive()) {
            return false;
        }
        if (leadsHere()) {
            caughtUp = true;
            return true;
        }
        RaftPeerId known = here.getInfo().getLeaderId();
        if (known != null && goal < 0) {
            for (CommitInfoProto info : here.getCommitInfos()) {
                if (RaftPeerId.valueOf(info.getServer().getId()).equals(known)) {
                    goal = info.getCommitIndex();
                }
            }
        }
        caughtUp = goal >= 0 && here.getInfo().getLastAppliedIndex() >= goal;
        return caughtUp;
    }

    /** The shard as it is at the moment. */
    ClusterView.Group view() {
        RaftServer.Division here = division;
        KeyspaceStateMachine data = machine;
        boolean open = here != null && data != null && here.getInfo().isAlive() && failure == null;
        String known = leader();
        return new ClusterView.Group(
                shard,
                groupId.getUuid().toString(),
                role(here, data),
                open ? here.getInfo().getCurrentTerm() : 0,
                known == null ? null : Integer.valueOf(known),
                known == null ? null : leaderSince,
                open ? here.getRaftLog().getLastCommittedIndex() : 0,
                open ? here.getInfo().getLastAppliedIndex() : 0,
                open ? data.snapshotIndex() : 0,
                open ? data.replica().keys() : 0,
                caughtUp(),
                failure,
                leaderChanges(),
                forwarded(),
                unanswered(),
                batcher.inFlight(),
                open && here.getInfo().isLeader() ? peers(here) : List.of());
    }

    private String role(RaftServer.@Nullable Division here, @Nullable KeyspaceStateMachine data) {
        if (data == null) {
            return "elsewhere";
        }
        if (removed) {
            return "removed";
        }
        boolean open = here != null && here.getInfo().isAlive() && failure == null;
        return open ? role(here) : mending ? "mending" : "closed";
    }

    private String role(RaftServer.Division here) {
        RaftConfiguration members = here.getRaftConf();
        // One that was added while it ran has the role of a follower, and no vote.
        boolean learns =
                members.getPeer(self, RaftPeerRole.LISTENER) != null
                        && members.getPeer(self) == null;
        if (learns) {
            return "learner";
        }
        return switch (here.getInfo().getCurrentRole()) {
            case LEADER -> "leader";
            case CANDIDATE -> "candidate";
            case LISTENER -> "learner";
            case FOLLOWER, UNRECOGNIZED -> "follower";
        };
    }

    private static List<ClusterView.PeerState> peers(RaftServer.Division here) {
        List<ServerRpcProto> followers =
                here.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList();
        long[] matched = here.getInfo().getFollowerMatchIndices();
        long last = here.getRaftLog().getLastCommittedIndex();
        List<ClusterView.PeerState> peers = new ArrayList<>();
        for (int i = 0; i < followers.size(); i++) {
            RaftPeerId id = RaftPeerId.valueOf(followers.get(i).getId().getId());
            boolean known = matched != null && matched.length == followers.size();
            peers.add(
                    new ClusterView.PeerState(
                            Integer.parseInt(id.toString()),
                            votes(here, id),
                            known ? matched[i] : null,
                            known ? Math.max(0, last - matched[i]) : null,
                            followers.get(i).getLastRpcElapsedTimeMs()));
        }
        return peers;
    }

    /** Who votes in the shard, as far as was heard from itself; nobody where nothing was. */
    List<RaftPeer> voters() {
        RaftServer.Division here = division;
        Composition heard = elsewhere;
        return here != null
                ? List.copyOf(here.getRaftConf().getCurrentPeers())
                : heard == null ? List.of() : heard.voters();
    }

    /** Who holds the shard and does not vote, likewise. */
    List<RaftPeer> learners() {
        RaftServer.Division here = division;
        Composition heard = elsewhere;
        return here != null
                ? List.copyOf(here.getRaftConf().getCurrentPeers(RaftPeerRole.LISTENER))
                : heard == null ? List.of() : heard.learners();
    }

    /** Whether the members are known from the group itself, and so all who can be known. */
    boolean knowsMembers() {
        return !voters().isEmpty();
    }

    /** Whether a node holds this shard, as far as is known. */
    boolean isHeldBy(int id) {
        RaftPeerId node = ClusterSettings.peerId(id);
        return knowsMembers()
                ? Stream.concat(voters().stream(), learners().stream())
                        .anyMatch(peer -> peer.getId().equals(node))
                : members.contains(node.toString());
    }

    /** Who leads and holds the shard, when this node knows by itself; else null. */
    @Nullable Composition composition() {
        RaftServer.Division here = division;
        String known = leader();
        return here == null
                        || known == null
                        || removed
                        || !here.getInfo().isAlive()
                        || !knowsMembers()
                ? null
                : Composition.of(RaftPeerId.valueOf(known), here.getRaftConf());
    }

    /** The nodes that may hold the shard, the likeliest first, as far as is known. */
    List<String> holders() {
        String known = leader;
        Set<String> holders = new LinkedHashSet<>();
        if (known != null) {
            holders.add(known);
        }
        voters().forEach(peer -> holders.add(peer.getId().toString()));
        holders.addAll(members);
        return List.copyOf(holders);
    }

    /** The leader has said who holds the shard, which is elsewhere. */
    void heard(Composition now) {
        if (machine == null) {
            elsewhere = now;
            members = now.all().stream().map(peer -> peer.getId().toString()).toList();
        }
    }

    /** Whether a node counts for majorities. */
    static boolean votes(RaftServer.Division here, RaftPeerId id) {
        return here.getRaftConf().getCurrentPeers().stream()
                .anyMatch(peer -> peer.getId().equals(id));
    }

    /** Whether this node leads the shard and may take writes. */
    boolean leadsHere() {
        RaftServer.Division here = division;
        if (here == null) {
            return false;
        }
        DivisionInfo info = here.getInfo();
        return info.isLeader() && info.isLeaderReady();
    }

    @Override
    public @Nullable String leader() {
        RaftServer.Division here = division;
        if (here != null && here.getInfo().isAlive()) {
            RaftPeerId known = here.getInfo().getLeaderId();
            return known == null ? null : known.toString();
        }
        return leader;
    }

    @Override
    public Batcher.Destination destination() {
        RaftServer.Division here = division;
        if (here != null && here.getInfo().isAlive()) {
            DivisionInfo info = here.getInfo();
            if (info.isLeader()) {
                return info.isLeaderReady()
                        ? Batcher.Destination.HERE
                        : Batcher.Destination.NOWHERE;
            }
            RaftPeerId known = info.getLeaderId();
            return known == null || known.equals(self)
                    ? Batcher.Destination.NOWHERE
                    : new Batcher.Destination.There(known.toString());
        }
        String known = leader;
        return known == null ? anybody() : new Batcher.Destination.There(known);
    }

    /** A node that may know who leads. */
    private Batcher.Destination anybody() {
        List<String> others =
                members.stream().filter(member -> !member.equals(self.toString())).toList();
        return others.isEmpty()
                ? Batcher.Destination.NOWHERE
                : new Batcher.Destination.There(others.get(Math.floorMod(next++, others.size())));
    }

    /** Tells of the entries that are made from now on. */
    void listen(Cluster.EntryListener listener) {
        entries = listener;
    }

    @Override
    public void submit(Entry entry) {
        entries.entry(shard, entry.commands());
        KeyspaceStateMachine here = Objects.requireNonNull(machine);
        Submitted prepared = here.prepare(entry);
        RaftClientRequest request =
                RaftClientRequest.newBuilder()
                        .setClientId(clientId)
                        .setServerId(self)
                        .setGroupId(groupId)
                        .setCallId(entry.id())
                        .setMessage(
                                Message.valueOf(UnsafeByteOperations.unsafeWrap(prepared.encode())))
                        .setType(RaftClientRequest.writeRequestType())
                        .build();
        CompletableFuture<RaftClientReply> logged;
        try {
            logged = ((RaftClientAsynchronousProtocol) division).submitClientRequestAsync(request);
        } catch (IOException | RuntimeException e) {
            notLogged(here, prepared, e);
            return;
        }
        logged.whenComplete(
                (reply, failed) -> {
                    if (failed != null) {
                        notLogged(here, prepared, failed);
                    } else if (!reply.isSuccess()) {
                        notLogged(here, prepared, reply.getException());
                    }
                });
    }

    private void notLogged(KeyspaceStateMachine here, Submitted prepared, Throwable reason) {
        log.debug("Shard {}: entry {} was not committed", shard, prepared.entry().id(), reason);
        if (prepared.isAppended()) {
            batcher.doubtful(prepared.entry());
            here.doubt(prepared);
        } else {
            refusedUntil = System.nanoTime() + REFUSED;
            here.withdraw(prepared);
            batcher.returned(prepared.entry());
        }
    }

    @Override
    public void forward(Entry entry, String node) {
        forwarded.add(entry.commands());
        long millis = Duration.ofNanos(entry.deadline() - System.nanoTime()).toMillis();
        forwarder
                .send(node, groupId, ForwardCodec.request(entry.parts(), millis))
                .whenComplete(
                        (answer, failed) -> {
                            if (failed == null) {
                                answered(entry, answer);
                            } else {
                                notAnswered(entry, node, failed);
                            }
                        });
    }

    private void notAnswered(Entry entry, String node, Throwable failed) {
        log.debug("Shard {}: node {} did not answer", shard, node, failed);
        leader = null;
        Throwable cause =
                failed instanceof CompletionException && failed.getCause() != null
                        ? failed.getCause()
                        : failed;
        if (cause instanceof Forwarder.NotSentException) {
            batcher.returned(entry);
        } else {
            batcher.pause();
            unknown(entry);
        }
    }

    private void answered(Entry entry, ByteBuffer answer) {
        List<Outcome> outcomes;
        try {
            outcomes = ForwardCodec.readAnswer(answer);
        } catch (ClusterException e) {
            log.warn("Shard {}: {}", shard, e.getMessage());
            unknown(entry);
            return;
        }
        if (outcomes.size() != entry.parts().size()) {
            unknown(entry);
            return;
        }
        if (entry.decide(Entry.Fate.APPLIED)) {
            for (int i = 0; i < outcomes.size(); i++) {
                distribute(entry.parts().get(i), outcomes.get(i));
            }
        }
        batcher.applied(entry);
    }

    private void distribute(Part part, Outcome outcome) {
        switch (outcome) {
            case Outcome.Answered answered -> {
                refusedUntil = System.nanoTime();
                part.end(answered);
            }
            case Outcome.NotLeader(String known) -> {
                refusedUntil = System.nanoTime() + REFUSED;
                leader = known;
                batcher.pause();
                batcher.sendAgain(part);
            }
            case Outcome.Late _ -> {
                batcher.pause();
                batcher.sendAgain(part);
            }
            case Outcome.Unknown _ -> batcher.giveUp(part);
        }
    }

    @Override
    public CompletableFuture<byte[]> ask(ByteBuffer message) {
        byte kind = ForwardCodec.kind(message);
        if (kind == ForwardCodec.WHO) {
            return CompletableFuture.completedFuture(neighbours.answer(message, this::holds));
        }
        if (kind == ForwardCodec.CHOSEN) {
            choose();
            return CompletableFuture.completedFuture(new byte[0]);
        }
        if (kind != ForwardCodec.PARTS) {
            throw new ClusterException("kind %d is not known".formatted(kind));
        }
        ForwardCodec.Request request = ForwardCodec.readRequest(message);
        long deadline = System.nanoTime() + Duration.ofMillis(request.millis()).toNanos();
        List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();
        for (ForwardCodec.Sent sent : request.parts()) {
            Part part =
                    new Part(
                            sent.commands(),
                            sent.maxBytes(),
                            deadline,
                            false,
                            settings.maxValueSize());
            outcomes.add(part.outcome());
            if (batcher.isFull()) {
                // Whoever sent it keeps it meanwhile, and reads no more of its clients.
                part.end(Outcome.LATE);
            } else {
                execute(part);
            }
        }
        return CompletableFuture.allOf(outcomes.toArray(CompletableFuture[]::new))
                .thenApply(
                        _ ->
                                ForwardCodec.answer(
                                        outcomes.stream().map(CompletableFuture::join).toList()));
    }

    /** Has a part executed: at once where that is allowed, else in its turn. */
    void execute(Part part) {
        if (removed) {
            part.end(part.mayForward() ? Outcome.LATE : new Outcome.NotLeader(null));
            return;
        }
        if (!part.hasWrites() && mayReadFromMemory()) {
            KeyspaceStateMachine here = machine;
            if (here != null && readFromMemory(part, here)) {
                return;
            }
        }
        batcher.add(part);
    }

    private boolean mayReadFromMemory() {
        return switch (settings.reads()) {
            case LOG -> false;
            case LEASE -> leadsHere();
            case LOCAL -> machine != null && division != null;
        };
    }

    private static boolean readFromMemory(Part part, KeyspaceStateMachine here) {
        try {
            part.answer(here.replica().read(part.commands(), part.maxBytes()));
            return true;
        } catch (IllegalStateException e) {
            // A snapshot took the place of the data meanwhile, or the node stops.
            return false;
        }
    }

    @Override
    public void leaderChanged(String known) {
        if (!known.equals(self.toString())) {
            chosen = false;
        }
        if (!known.equals(leader)) {
            leader = known;
            leaderSince = Instant.now();
            leaderChanges.increment();
            RaftServer.Division here = division;
            log.info(
                    "Shard {}: node {} leads{}",
                    shard,
                    known,
                    here == null ? "" : " in term " + here.getInfo().getCurrentTerm());
        }
        refusedUntil = System.nanoTime();
        membersChanged();
        batcher.leaderChanged();
    }

    @Override
    public void leaderReady() {
        batcher.leaderChanged();
    }

    @Override
    public void membersChanged() {
        RaftServer.Division here = division;
        if (here != null) {
            forwarder.know(here.getRaftConf().getAllPeers());
        }
        batcher.wake();
    }

    @Override
    public synchronized void failed(String reason) {
        if (failure == null) {
            failure = reason;
            log.error("{}", reason);
            RaftServer.Division here = division;
            if (here != null) {
                Thread.ofPlatform().daemon().name("keyval-close-" + shard).start(() -> close(here));
            }
        }
    }

    @Override
    public void failed(Throwable cause) {
        failed("Shard %d ended here: its commands cannot be sent (%s)".formatted(shard, cause));
    }

    @Override
    public synchronized void logFailed(String reason) {
        if (failure == null) {
            failure =
                    "Shard %d was closed here: its log could not be written (%s)"
                            .formatted(shard, reason);
            mending = true;
            log.error("{}; it is opened again by itself when that can be", failure);
            Thread.ofPlatform().daemon().name("keyval-mend-" + shard).start(mender);
        }
    }

    private void close(RaftServer.Division here) {
        here.close();
        batcher.wake();
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
        refusedUntil = System.nanoTime();
        batcher.applied(entry);
    }
}
