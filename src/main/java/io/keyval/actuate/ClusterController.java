package io.keyval.actuate;

import io.keyval.cluster.Cluster;
import io.keyval.cluster.ClusterException;
import io.keyval.config.ClusterPeer;
import io.keyval.config.InvalidSettingException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.HttpMediaTypeNotSupportedException;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/**
 * Changes the members of the cluster and who leads, below the path of the cluster endpoint and
 * under its rules of access.
 *
 * <p>Answers with the state of the cluster behind the change, with status 400 if the request does
 * not say what it should, with 404 if it names what is not there, with 409 and the reason if it
 * cannot be done, and with 503 if nobody can do it at the moment.
 */
@RestController
@Profile("cluster")
@RequestMapping("${management.endpoints.web.base-path:/actuator}/cluster")
class ClusterController {

    private static final String HOW =
            "The body must be JSON, such as {\"node\":\"4@10.0.0.4:6001\"} for nodes and {\"node\":2} for leader, with no fields but node, voting and shard.";

    private final Cluster cluster;

    ClusterController(Cluster cluster) {
        this.cluster = cluster;
    }

    /**
     * A node to add.
     *
     * @param node its id and Raft address, id@host:port
     * @param voting false for a learner; true when not given
     */
    record NewNode(@Nullable String node, @Nullable Boolean voting) {}

    /**
     * A node to lead.
     *
     * @param shard all shards that it holds when not given
     */
    record NewLeader(@Nullable Integer node, @Nullable Integer shard) {}

    /** Adds a node that waits for it, or makes a learner a voting node. */
    @PostMapping("/nodes")
    ClusterReport add(@RequestBody NewNode added) {
        ClusterPeer peer = peer(added.node());
        refuseBeforeStart();
        cluster.add(peer, !Boolean.FALSE.equals(added.voting()));
        return report();
    }

    /** Removes a node. */
    @DeleteMapping("/nodes/{node}")
    ClusterReport remove(@PathVariable String node) {
        if (!node.matches("[1-9]\\d{0,8}")) {
            throw new IllegalArgumentException(
                    "A node has an id of 1 or more: nodes/4, but not nodes/%s.".formatted(node));
        }
        refuseBeforeStart();
        cluster.remove(Integer.parseInt(node));
        return report();
    }

    /** Has a node lead. */
    @PostMapping("/leader")
    ClusterReport transfer(@RequestBody NewLeader leader) {
        Integer node = leader.node();
        if (node == null || node < 1) {
            throw new IllegalArgumentException(
                    "A leader is named by its id: {\"node\":2}, with \"shard\" for one shard alone.");
        }
        refuseBeforeStart();
        cluster.transfer(node, leader.shard());
        return report();
    }

    /** HTTP is open before the cluster is. */
    private void refuseBeforeStart() {
        if (!cluster.isRunning()) {
            throw new ClusterException(
                    ClusterException.Kind.UNAVAILABLE, "This node has not started yet, or stops.");
        }
    }

    private ClusterReport report() {
        return ClusterReport.of(cluster.view());
    }

    private static ClusterPeer peer(@Nullable String text) {
        try {
            if (text != null) {
                return ClusterPeer.of(text);
            }
        } catch (InvalidSettingException e) {
            throw new IllegalArgumentException(named(text), e);
        }
        throw new IllegalArgumentException(named(""));
    }

    private static String named(String text) {
        return "A node is named as id@host:port, such as {\"node\":\"4@10.0.0.4:6001\"}, but not as '%s'."
                .formatted(text);
    }

    @ExceptionHandler
    ResponseEntity<Map<String, String>> refused(ClusterException cause) {
        HttpStatus status =
                switch (cause.kind()) {
                    case UNKNOWN -> HttpStatus.NOT_FOUND;
                    case REFUSED -> HttpStatus.CONFLICT;
                    case UNAVAILABLE -> HttpStatus.SERVICE_UNAVAILABLE;
                };
        return ResponseEntity.status(status)
                .body(Map.of("error", String.valueOf(cause.getMessage())));
    }

    @ExceptionHandler
    @ResponseStatus(HttpStatus.BAD_REQUEST)
    Map<String, String> malformed(IllegalArgumentException cause) {
        return Map.of("error", String.valueOf(cause.getMessage()));
    }

    @ExceptionHandler({
        HttpMessageNotReadableException.class,
        HttpMediaTypeNotSupportedException.class
    })
    @ResponseStatus(HttpStatus.BAD_REQUEST)
    Map<String, String> unreadable() {
        return Map.of("error", HOW);
    }
}
