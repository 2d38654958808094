package io.keyval.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.actuate.FakeCluster;
import io.keyval.cluster.ClusterView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** What the console shows of a node of a cluster. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.profiles.active=cluster",
            "keyval.port=0",
            "keyval.address=127.0.0.1"
        })
@Import(ClusterConsoleTests.Fake.class)
@DirtiesContext
class ClusterConsoleTests {

    @TestConfiguration
    static class Fake {

        @Bean
        @Primary
        FakeCluster fakeCluster() {
            return new FakeCluster();
        }
    }

    @TempDir static Path dataDir;

    @Autowired private FakeCluster cluster;
    @Autowired private NodeReader reader;
    @Autowired private Sampler sampler;
    @Autowired private EventFeed feed;

    @DynamicPropertySource
    static void dataDir(DynamicPropertyRegistry registry) {
        registry.add("keyval.data-dir", () -> dataDir.resolve("data").toString());
    }

    @Test
    void whenItIsLookedAtThenTheClusterIsShown() {
        NodeView node = reader.read();
        assertThat(node.role()).isEqualTo("node");
        assertThat(node.open()).isTrue();
        assertThat(node.keys()).isEqualTo(12);
        assertThat(node.cluster()).isEqualTo(cluster.view());
        cluster.run(false);
        assertThat(reader.read().reasons())
                .containsExactly("The node has not started yet, or stops.");
        cluster.run(true);
    }

    @Test
    void whenTheLeaderChangesThenItIsAnEvent() {
        told("Shard 0: node 1 leads in term 3.");
        cluster.show(FakeCluster.of(FakeCluster.group("follower", null, true, null)));
        told("Shard 0: nobody is known to lead.");
        cluster.show(FakeCluster.of(FakeCluster.group("follower", 2, true, null)));
        told("Shard 0: node 2 leads in term 3.");
        cluster.show(FakeCluster.of(FakeCluster.group("closed", null, true, "Shard 0 ended here")));
        told("Shard 0 ended here.");
        ClusterView alone = FakeCluster.of(FakeCluster.leader());
        cluster.show(
                new ClusterView(
                        1,
                        "keyval",
                        "log",
                        true,
                        1,
                        3,
                        alone.nodes().subList(0, 2),
                        alone.groups()));
        told("Node 3 has left.");
        assertThat(sampler.latest()).isNotNull();
        cluster.reset();
    }

    private void told(String text) {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> {
                            List<String> events = feed.after(0).stream().map(Event::text).toList();
                            assertThat(events).contains(text);
                        });
    }
}
