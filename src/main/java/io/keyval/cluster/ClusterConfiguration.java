package io.keyval.cluster;

import io.keyval.config.ClusterPeer;
import io.keyval.config.InvalidSettingException;
import io.keyval.config.KeyvalProperties;
import io.keyval.store.MemoryBudget;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.Objects;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.core.env.Environment;

/** A node of a cluster, in the profile of that name. */
@Configuration(proxyBeanMethods = false)
@Profile("cluster")
class ClusterConfiguration {

    private static final ClusterPeer ALONE = new ClusterPeer(1, "127.0.0.1", 0);

    @Bean
    ClusterSettings clusterSettings(KeyvalProperties properties, Environment environment) {
        KeyvalProperties.Cluster cluster = properties.cluster();
        List<ClusterPeer> peers = cluster.peers().isEmpty() ? List.of(ALONE) : cluster.peers();
        int id = properties.id() == null ? ALONE.id() : properties.id();
        String httpPort = environment.getProperty("server.port", "8080");
        refuseSharedPort(peers, id, "keyval.port", Integer.toString(properties.port()));
        refuseSharedPort(peers, id, "management.server.port", httpPort);
        String host = host(properties, peers, id);
        return new ClusterSettings(
                id,
                cluster.name(),
                peers,
                cluster.join(),
                cluster.reads(),
                cluster.forward(),
                cluster.shards(),
                cluster.replicationFactor(),
                cluster.electionTimeout(),
                cluster.requestTimeout(),
                cluster.snapshotThreshold().toBytes(),
                properties.limits().maxKeySize().toBytes(),
                properties.limits().maxValueSize().toBytes(),
                properties.dataDir(),
                Objects.requireNonNullElse(cluster.clientAddress(), host + ":" + properties.port()),
                Objects.requireNonNullElse(cluster.httpAddress(), host + ":" + httpPort));
    }

    private static void refuseSharedPort(
            List<ClusterPeer> peers, int id, String setting, String port) {
        for (ClusterPeer peer : peers) {
            if (peer.id() == id && peer.port() != 0 && port.equals(Integer.toString(peer.port()))) {
                throw new InvalidSettingException(
                        "keyval.cluster.peers has port %s for this node, which is its %s, too: nodes reach each other at a port of their own."
                                .formatted(port, setting));
            }
        }
    }

    private static String host(KeyvalProperties properties, List<ClusterPeer> peers, int id) {
        @Nullable String address = properties.address();
        if (address != null) {
            return address;
        }
        return peers.stream()
                .filter(peer -> peer.id() == id)
                .map(ClusterPeer::host)
                .findFirst()
                .orElse(ALONE.host());
    }

    @Bean
    RaftNode raftNode(
            KeyvalProperties properties,
            ClusterSettings settings,
            MemoryBudget budget,
            ObjectProvider<SslBundles> bundles) {
        UnsafeNotice.silence();
        String bundle = properties.cluster().tls().bundle();
        Parameters parameters = new Parameters();
        if (bundle != null) {
            GrpcConfigKeys.TLS.setConf(
                    parameters, NodeTls.of(bundle, bundles.getObject()).config());
        }
        return new RaftNode(settings, budget, parameters);
    }

    @Bean
    Cluster cluster(RaftNode node) {
        return new RaftCluster(node);
    }

    @Bean
    MeterBinder ratisMetrics(ClusterSettings settings) {
        return meters -> RatisMetrics.show(settings, meters);
    }

    @Bean
    ClusterStore clusterStore(RaftNode node) {
        return new ClusterStore(node);
    }
}
