package io.keyval.actuate;

import io.keyval.cluster.Cluster;
import io.keyval.cluster.ClusterView;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** The endpoint {@code cluster}: the cluster as this node sees it. */
@Component
@Profile("cluster")
@Endpoint(id = "cluster")
class ClusterEndpoint {

    private final Cluster cluster;

    ClusterEndpoint(Cluster cluster) {
        this.cluster = cluster;
    }

    /** The cluster at this moment. */
    @ReadOperation
    ClusterView cluster() {
        return cluster.view();
    }
}
