package io.keyval.console;

import io.keyval.config.WalProperties;
import io.keyval.replication.LinkStatus;
import io.keyval.replication.Replication;
import io.keyval.store.KeyValueStore;
import io.keyval.store.Role;
import io.keyval.wal.Epoch;
import io.keyval.wal.Wal;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Looks at a leader or a follower. */
@Component
@Profile("!cluster")
class ReplicationReader implements NodeReader {

    private final NodeFacts facts;
    private final WalProperties wal;
    private final KeyValueStore store;
    private final Replication replication;

    ReplicationReader(
            NodeFacts facts, WalProperties wal, KeyValueStore store, Replication replication) {
        this.facts = facts;
        this.wal = wal;
        this.store = store;
        this.replication = replication;
    }

    @Override
    public NodeView read() {
        boolean open = store.isOpen();
        Role role = store.role();
        LinkStatus link = replication.link();
        NodeFacts.Wellness wellness = facts.wellness(open, store.replay().toString());
        return new NodeView(
                NodeView.word(role),
                facts.id(),
                facts.address(),
                facts.version(),
                open,
                wellness.status(),
                wellness.reasons(),
                open ? log() : null,
                store.keys(),
                facts.memory(),
                facts.connections(),
                facts.maxConnections(),
                role == Role.LEADER
                        ? replication.followers().stream().map(NodeView.Follower::of).toList()
                        : null,
                link == null ? null : NodeView.Leader.of(link),
                null);
    }

    private NodeView.Log log() {
        Wal now = store.wal();
        return new NodeView.Log(
                now.position(),
                Epoch.text(now.epoch()),
                now.size(),
                store.liveBytes(),
                wal.fsync().toString());
    }
}
