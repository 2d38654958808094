package io.keyval.actuate;

import io.keyval.config.KeyvalProperties;
import io.keyval.replication.Replication;
import io.keyval.store.KeyValueStore;
import io.keyval.store.StoreException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Tells who copies whom, and how far they are. */
@Component
@Profile("!cluster")
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
     * Reads the state of replication; status 503 and the reason while the log is replayed.
     *
     * @param digest true to compute a number that nodes with the same data share, which reads all
     *     data
     */
    @ReadOperation
    WebEndpointResponse<Object> replication(@Nullable Boolean digest) {
        try {
            return new WebEndpointResponse<>(report(Boolean.TRUE.equals(digest)));
        } catch (StoreException e) {
            return new WebEndpointResponse<>(
                    Map.of("error", String.valueOf(e.getMessage())),
                    WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE);
        }
    }

    /**
     * The state of replication.
     *
     * @throws StoreException while the log is replayed
     */
    ReplicationReport report(boolean withDigest) {
        return ReplicationReport.of(
                store.role(),
                properties.nodeId(),
                store.wal(),
                store.keys(),
                withDigest ? Long.toHexString(store.digest()) : null,
                replication.followers(),
                replication.link());
    }
}
