package io.keyval.actuate;

import io.keyval.config.KeyvalProperties;
import io.keyval.replication.PromotionException;
import io.keyval.replication.Replication;
import io.keyval.store.KeyValueStore;
import io.keyval.store.StoreException;
import io.keyval.wal.WalException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.stereotype.Component;

/** Tells who copies whom and how far they are, and changes it. */
@Component
@Endpoint(id = "replication")
class ReplicationEndpoint {

    private static final int STATUS_CONFLICT = 409;

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

    /**
     * Changes the role of this node, and answers with the state of replication behind the change;
     * with status 409 and the reason if it cannot be done, and with 400 if the request is none.
     *
     * @param action {@code promote} or {@code follow}
     * @param force promotes a follower also where it is not caught up
     * @param host of the leader to follow
     * @param port of the leader to follow
     * @param id to follow under; this node's own when not given
     */
    @WriteOperation
    WebEndpointResponse<Object> change(
            @Selector String action,
            @Nullable Boolean force,
            @Nullable String host,
            @Nullable Integer port,
            @Nullable Integer id) {
        try {
            switch (action) {
                case "promote" -> replication.promote(Boolean.TRUE.equals(force));
                case "follow" -> {
                    if (host == null || host.isBlank() || port == null) {
                        return error(
                                WebEndpointResponse.STATUS_BAD_REQUEST,
                                "Say whom to follow: .../follow?host=HOST&port=PORT.");
                    }
                    if (port < 1 || port > 65535) {
                        return error(
                                WebEndpointResponse.STATUS_BAD_REQUEST,
                                "A port is from 1 to 65535, but this one is " + port + ".");
                    }
                    replication.follow(host, port, id);
                }
                default -> {
                    return error(
                            WebEndpointResponse.STATUS_NOT_FOUND,
                            "What can be done is promote and follow.");
                }
            }
        } catch (PromotionException | StoreException | WalException e) {
            return error(STATUS_CONFLICT, String.valueOf(e.getMessage()));
        }
        return new WebEndpointResponse<>(replication(null));
    }

    private static WebEndpointResponse<Object> error(int status, String reason) {
        return new WebEndpointResponse<>(Map.of("error", reason), status);
    }
}
