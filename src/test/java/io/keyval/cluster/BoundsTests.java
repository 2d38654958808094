package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.config.ClusterPeer;
import io.keyval.config.KeyvalProperties;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That what the traffic may take stays well below the heap. */
class BoundsTests {

    private static final long MB = 1 << 20;

    @ParameterizedTest
    @CsvSource({"200, 1", "1024, 1", "4096, 1", "32768, 1", "1024, 5", "8192, 16"})
    void whenAllIsFullThenItComesToLessThanAThirdOfTheHeap(long megabytes, int shards) {
        Bounds bounds = Bounds.of(settings(shards), megabytes * MB);
        long shard =
                bounds.pending()
                        + 2 * bounds.replies()
                        + 2L * bounds.appends() * bounds.buffer()
                        + 2 * bounds.queue()
                        + (Bounds.SEGMENTS + 1) * bounds.segment()
                        + 2 * Bounds.CHUNKS * bounds.chunk();
        assertThat(shards * shard).isLessThan(megabytes * MB / 3);
    }

    @ParameterizedTest
    @CsvSource({"64, 1", "200, 5", "1024, 64"})
    void whenTheHeapIsSmallThenTheLargestEntryStillPasses(long megabytes, int shards) {
        ClusterSettings settings = settings(shards);
        Bounds bounds = Bounds.of(settings, megabytes * MB);
        assertThat(bounds.buffer()).isGreaterThan(settings.maxEntry());
        assertThat(bounds.queue()).isGreaterThan(settings.maxEntry());
        assertThat(bounds.appends()).isGreaterThanOrEqualTo(1);
    }

    private static ClusterSettings settings(int shards) {
        return new ClusterSettings(
                1,
                "test",
                List.of(new ClusterPeer(1, "127.0.0.1", 6001)),
                false,
                KeyvalProperties.Reads.LOG,
                true,
                shards,
                3,
                Duration.ofMillis(500),
                Duration.ofSeconds(5),
                64 * MB,
                256,
                MB,
                Path.of("."),
                null,
                null);
    }
}
