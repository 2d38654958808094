package io.keyval.actuate;

import io.keyval.cluster.Cluster;
import io.keyval.cluster.ClusterException;
import io.keyval.cluster.ClusterView;
import io.keyval.config.KeyvalProperties;
import io.keyval.wal.LogInspector;
import io.keyval.wal.LogReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/**
 * Writes what this node of a cluster holds into the directory {@code backups} of its data
 * directory, as a log. The caller has no say in the name, so that no request can reach any other
 * file.
 */
@Component
@Profile("cluster")
@Endpoint(id = "backup")
class ClusterBackupEndpoint {

    private static final Logger log = LoggerFactory.getLogger(ClusterBackupEndpoint.class);

    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final Cluster cluster;
    private final Path dataDir;
    private final Clock clock = Clock.systemUTC();

    ClusterBackupEndpoint(Cluster cluster, KeyvalProperties properties) {
        this.cluster = cluster;
        this.dataDir = properties.dataDir();
    }

    /**
     * Answers when the file is on disk and every byte of it has been checked, with the shards that
     * are in it and those that are not; or with status 503 and the reason why there is none.
     */
    @WriteOperation
    synchronized WebEndpointResponse<Map<String, Object>> backUp() {
        try {
            Path directory = Files.createDirectories(dataDir.resolve("backups"));
            Path target = directory.resolve(STAMP.format(clock.instant()) + "-cluster.log");
            List<Integer> shards = cluster.backUp(target);
            LogReport report = LogInspector.read(target, LogInspector.Visitor.NONE);
            if (report.verdict() != LogReport.Verdict.GOOD) {
                Files.deleteIfExists(target);
                return refused("The backup was damaged on its way to disk, and is removed.");
            }
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("file", target.toAbsolutePath().toString());
            answer.put("bytes", Files.size(target));
            answer.put("position", report.position());
            answer.put("shards", shards);
            answer.put("missing", missing(shards));
            return new WebEndpointResponse<>(answer);
        } catch (ClusterException e) {
            return refused(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            return refused("The backup could not be written: " + e + ".");
        }
    }

    /** The shards that are not in it, each with a node that is taken to have it. */
    private List<Map<String, Object>> missing(List<Integer> shards) {
        ClusterView view = cluster.view();
        List<Map<String, Object>> missing = new ArrayList<>();
        for (ClusterView.Group group : view.groups()) {
            if (!shards.contains(group.shard())) {
                Map<String, Object> each = new LinkedHashMap<>();
                each.put("shard", group.shard());
                ClusterView.Node holder = holder(view, group);
                if (holder != null) {
                    each.put("node", holder.id());
                    String http = holder.http();
                    if (http != null) {
                        each.put("http", http);
                    }
                }
                missing.add(each);
            }
        }
        return missing;
    }

    /**
     * The node that leads, or that had best lead when who does is not known; null without nodes.
     */
    private static ClusterView.@Nullable Node holder(ClusterView view, ClusterView.Group group) {
        List<ClusterView.Node> nodes = view.nodes();
        Integer leader = group.leader();
        if (leader == null) {
            return nodes.isEmpty() ? null : nodes.get(group.shard() % nodes.size());
        }
        return nodes.stream().filter(node -> node.id() == leader).findFirst().orElse(null);
    }

    private static WebEndpointResponse<Map<String, Object>> refused(String reason) {
        log.warn("A backup was not made: {}", reason);
        return new WebEndpointResponse<>(
                Map.of("error", reason), WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE);
    }
}
