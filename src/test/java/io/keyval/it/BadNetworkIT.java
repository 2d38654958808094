package io.keyval.it;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * A leader and three followers, processes with addresses of their own, on a network that fails
 * while clients write and the leader compacts its log. The nodes live in a network namespace; no
 * packet leaves it.
 */
class BadNetworkIT {

    @TempDir private static Path directory;

    private static @Nullable PrivateNetwork network;

    @BeforeAll
    static void enter() {
        String missing = PrivateNetwork.missing();
        assumeThat(missing).as("networks can fail here").isNull();
        network = new PrivateNetwork(BadNetwork.class, directory.toString());
    }

    @AfterAll
    static void leave() {
        if (network != null) {
            network.close();
        }
    }

    @TestFactory
    Stream<DynamicTest> scenarios() {
        PrivateNetwork here = network;
        return here == null
                ? Stream.empty()
                : BadNetwork.SCENARIOS.keySet().stream()
                        .map(name -> DynamicTest.dynamicTest(name, () -> here.ask(name)));
    }
}
