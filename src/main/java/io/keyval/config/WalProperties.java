package io.keyval.config;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the log.
 *
 * @param fsync when a write is forced to disk: {@code always}, an interval such as {@code 1s}, or
 *     {@code never}
 * @param compactMinSize the log is not compacted while it is smaller than this
 * @param compactRatio the log is compacted when it is larger than this many times the live data
 * @param retain how much of the newest log a compaction keeps for followers that are away
 */
@ConfigurationProperties("keyval.wal")
public record WalProperties(
        @DefaultValue("always") String fsync,
        @DefaultValue("64MB") DataSize compactMinSize,
        @DefaultValue("2.0") double compactRatio,
        @DefaultValue("16MB") DataSize retain) {}
