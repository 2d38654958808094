package io.keyval.actuate;

import io.keyval.config.KeyvalProperties;
import io.keyval.replication.Replication;
import io.keyval.store.KeyValueStore;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.stereotype.Component;

/** Tells who copies whom, and how far they are. */
@Component
@Endpoint(id = "replication")
class ReplicationEndpoint {

    private final KeyvalProperties properties;
    private final KeyValueStore store;
    private final Replication replication;

    ReplicationEndpoint(KeyvalProperties properties, KeyValueStore store, Replication replication) {
        this.properties = properties;
        this.store = store;
        this.replication = replication;
    }

    /**
     * Reads the state of replication.
     *
     * @param digest true to compute a number that nodes with the same data share, which reads all
     *     data
     */
    @ReadOperation
    ReplicationReport replication(@Nullable Boolean digest) {
        return ReplicationReport.of(
                store.role(),
                properties.nodeId(),
                store.wal(),
                store.keys(),
                Boolean.TRUE.equals(digest) ? Long.toHexString(store.digest()) : null,
                replication.followers(),
                replication.link());
    }
}
