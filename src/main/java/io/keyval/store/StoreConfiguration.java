package io.keyval.store;

import io.keyval.config.Fsync;
import io.keyval.config.KeyvalProperties;
import io.keyval.config.WalProperties;
import io.keyval.wal.FsyncPolicy;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** The store's settings in each role. */
@Configuration(proxyBeanMethods = false)
class StoreConfiguration {

    @Bean
    @Profile("leader | !follower")
    StoreSettings leaderStore(KeyvalProperties node, WalProperties wal) {
        return settings(node, wal, "leader.log", Role.LEADER);
    }

    @Bean
    @Profile("follower")
    StoreSettings followerStore(KeyvalProperties node, WalProperties wal) {
        return settings(node, wal, "follower_" + node.id() + ".log", Role.FOLLOWER);
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
                wal.retain().toBytes());
    }

    private static FsyncPolicy fsync(Fsync setting) {
        return switch (setting.kind()) {
            case ALWAYS -> FsyncPolicy.ALWAYS;
            case INTERVAL -> FsyncPolicy.every(setting.interval());
            case NEVER -> FsyncPolicy.NEVER;
        };
    }
}
