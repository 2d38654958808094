package io.keyval.actuate;

import io.keyval.cluster.Cluster;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Tells which nodes form the cluster, who leads, and how far the others are. */
@Component
@Profile("cluster")
@Endpoint(id = "cluster")
class ClusterEndpoint {

    private final Cluster cluster;

    ClusterEndpoint(Cluster cluster) {
        this.cluster = cluster;
    }

    /** The cluster as this node sees it; without groups while it starts. */
    @ReadOperation
    ClusterReport cluster() {
        return ClusterReport.of(cluster.view());
    }
}
