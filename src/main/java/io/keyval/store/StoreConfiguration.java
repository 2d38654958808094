package io.keyval.store;

import com.sun.management.OperatingSystemMXBean;
import io.keyval.config.Fsync;
import io.keyval.config.KeyvalProperties;
import io.keyval.config.WalProperties;
import io.keyval.wal.FsyncPolicy;
import java.lang.management.ManagementFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.util.unit.DataSize;

/** The store's settings in each role, and what the replicas of a node of a cluster may take. */
@Configuration(proxyBeanMethods = false)
class StoreConfiguration {

    @Bean
    @Profile("leader | (!follower & !cluster)")
    StoreSettings leaderStore(KeyvalProperties node, WalProperties wal) {
        return settings(node, wal, StoreSettings.LEADER_LOG, Role.LEADER);
    }

    @Bean
    @Profile("follower")
    StoreSettings followerStore(KeyvalProperties node, WalProperties wal) {
        return settings(node, wal, StoreSettings.followerLog(node.nodeId()), Role.FOLLOWER);
    }

    /** Hands over what has been read already, before anything starts. */
    @Bean
    @Profile("!cluster")
    SmartInitializingSingleton earlyReplayTaker(
            KeyValueStore store, ObjectProvider<EarlyReplay> early) {
        return () -> early.ifAvailable(store::goOnWith);
    }

    @Bean
    @Profile("cluster")
    MemoryBudget memoryBudget(KeyvalProperties node) {
        return new MemoryBudget(maxMemory(node.limits().maxMemory()));
    }

    private static StoreSettings settings(
            KeyvalProperties node, WalProperties wal, String logName, Role role) {
        return new StoreSettings(
                node.dataDir(),
                logName,
                role,
                fsync(wal.fsync()),
                wal.compactMinSize().toBytes(),
                wal.compactRatio(),
                wal.retain().toBytes(),
                maxMemory(node.limits().maxMemory()));
    }

    /** What the JVM sees as the machine is the container, where there is one. */
    private static long maxMemory(@Nullable DataSize setting) {
        if (setting == null) {
            return MemoryLimit.standard(
                    ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                            .getTotalMemorySize(),
                    Runtime.getRuntime().maxMemory());
        }
        return setting.toBytes() == 0 ? Long.MAX_VALUE : setting.toBytes();
    }

    private static FsyncPolicy fsync(Fsync setting) {
        return switch (setting.kind()) {
            case ALWAYS -> FsyncPolicy.ALWAYS;
            case INTERVAL -> FsyncPolicy.every(setting.interval());
            case NEVER -> FsyncPolicy.NEVER;
        };
    }
}
