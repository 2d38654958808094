package io.keyval.cli;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A load to put on a node.
 *
 * @param secret what clients have to show; null when they show nothing
 * @param clients connections
 * @param inFlight requests that each connection has under way
 * @param reads percent of the requests that are GETs; the others are PUTs
 * @param valueSize bytes of the value of a PUT
 * @param keys how many different keys there are
 * @param threads that drive the connections
 */
record BenchSettings(
        String host,
        int port,
        @Nullable String secret,
        int clients,
        int inFlight,
        int reads,
        int valueSize,
        long keys,
        int threads) {

    /** How long an answer may keep everything waiting before the run is given up. */
    static final Duration PATIENCE = Duration.ofSeconds(30);

    String node() {
        return host + ":" + port;
    }
}
