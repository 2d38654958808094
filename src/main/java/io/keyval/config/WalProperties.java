package io.keyval.config;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the log.
 *
 * @param fsync when a write is forced to disk: always, an interval such as 1s, or never
 * @param compactMinSize the log is not compacted while it is smaller than this
 * @param compactRatio the log is compacted when it is larger than this many times the live data
 * @param retain how much of the newest log a compaction keeps for followers that are away
 */
@ConfigurationProperties("keyval.wal")
public record WalProperties(
        @DefaultValue("always") Fsync fsync,
        @DefaultValue("64MB") DataSize compactMinSize,
        @DefaultValue("2.0") double compactRatio,
        @DefaultValue("16MB") DataSize retain) {

    private static final DataSize MOST = DataSize.ofTerabytes(1024);

    /** Refuses what no log can work with. */
    public WalProperties {
        Check.size("keyval.wal.compact-min-size", compactMinSize, DataSize.ofBytes(1), MOST);
        Check.size("keyval.wal.retain", retain, DataSize.ofBytes(0), MOST);
        if (!(compactRatio > 1.0) || Double.isInfinite(compactRatio)) {
            throw new InvalidSettingException(
                    "keyval.wal.compact-ratio must be larger than 1, but is " + compactRatio + ".");
        }
    }
}
