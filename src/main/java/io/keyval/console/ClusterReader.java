package io.keyval.console;

import io.keyval.cluster.Cluster;
import io.keyval.cluster.ClusterView;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Looks at a node of a cluster. */
@Component
@Profile("cluster")
class ClusterReader implements NodeReader {

    private final NodeFacts facts;
    private final Cluster cluster;

    ClusterReader(NodeFacts facts, Cluster cluster) {
        this.facts = facts;
        this.cluster = cluster;
    }

    @Override
    public NodeView read() {
        ClusterView view = cluster.view();
        boolean open = cluster.isRunning() && !view.groups().isEmpty();
        NodeFacts.Wellness wellness =
                facts.wellness(open, "The node has not started yet, or stops.");
        return new NodeView(
                "node",
                view.node(),
                facts.address(),
                facts.version(),
                open,
                wellness.status(),
                wellness.reasons(),
                null,
                view.groups().stream().mapToLong(ClusterView.Group::keys).sum(),
                facts.memory(),
                facts.connections(),
                facts.maxConnections(),
                null,
                null,
                view);
    }
}
