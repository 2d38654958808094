package io.keyval.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ChangeWatchTests {

    private final EventFeed feed = new EventFeed();
    private final MeterRegistry meters = new SimpleMeterRegistry();
    private final ChangeWatch watch = new ChangeWatch(feed, meters);

    @Test
    void whenNothingChangesThenNothingIsTold() {
        watch.look(leader("UP", follower(2, "streaming")));
        long before = last();
        watch.look(leader("UP", follower(2, "streaming")));
        assertThat(told(before)).isEmpty();
    }

    @Test
    void whenFollowersComeAndGoThenItIsTold() {
        watch.look(leader("UP"));
        long before = last();
        watch.look(leader("UP", follower(2, "syncing"), follower(3, "streaming")));
        watch.look(leader("UP", follower(2, "streaming")));
        assertThat(told(before))
                .containsExactly(
                        "Follower 2 has come (host:2), syncing.",
                        "Follower 3 has come (host:3), streaming.",
                        "Follower 3 has left (host:3).",
                        "Follower 2: streaming, was syncing.");
    }

    @Test
    void whenHealthChangesThenTheReasonIsTold() {
        watch.look(leader("UP"));
        long before = last();
        watch.look(leader("DOWN"));
        watch.look(leader("UP"));
        assertThat(feed.after(before))
                .extracting(Event::level, Event::text)
                .containsExactly(
                        tuple(Event.Level.ERROR, "Health is DOWN: A reason."),
                        tuple(Event.Level.GOOD, "Health is UP."));
    }

    @Test
    void whenTheLogIsReplayedThenThatIsNoIllness() {
        watch.look(node("leader", false, "OUT_OF_SERVICE", null));
        watch.look(leader("UP"));
        assertThat(told(0))
                .containsExactly(
                        "The log is being replayed.",
                        "Started as leader 1 at position 12,345 with 7 keys.");
    }

    @Test
    void whenAFollowerLosesItsLeaderAndIsPromotedThenBothAreTold() {
        watch.look(following("streaming", null));
        long before = last();
        watch.look(following("connecting", "Connection refused."));
        watch.look(following("connecting", "Connection refused."));
        watch.look(leader("UP"));
        assertThat(told(before))
                .containsExactly(
                        "The link to the leader other:1 is connecting: Connection refused.",
                        "This node is a leader now.");
    }

    @Test
    void whenASyncIsCountedThenItIsTold() {
        watch.look(leader("UP"));
        long before = last();
        meters.counter("keyval.replication.resyncs", "kind", "full", "reason", "compacted")
                .increment(2);
        watch.look(leader("UP"));
        watch.look(leader("UP"));
        assertThat(told(before)).containsExactly("Full sync done (compacted), 2 times.");
    }

    @Test
    void whenThereAreManyEventsThenTheNewestAreKept() {
        IntStream.rangeClosed(1, 300).forEach(i -> feed.add(Event.Level.INFO, "Event " + i));
        assertThat(feed.after(0)).hasSize(EventFeed.CAPACITY);
        assertThat(feed.after(298))
                .extracting(Event::text)
                .containsExactly("Event 299", "Event 300");
    }

    private long last() {
        return feed.after(0).getLast().seq();
    }

    private List<String> told(long after) {
        return feed.after(after).stream().map(Event::text).toList();
    }

    private static NodeView leader(String health, NodeView.Follower... followers) {
        return new NodeView(
                "leader",
                1,
                null,
                null,
                true,
                health,
                health.equals("UP") ? List.of() : List.of("A reason."),
                new NodeView.Log(12345, "1-0", 100, 50, "always"),
                7,
                new NodeView.Memory(1, 2, null),
                0,
                10,
                Arrays.asList(followers),
                null,
                null);
    }

    private static NodeView following(String state, @Nullable String reason) {
        return node(
                "follower",
                true,
                "UP",
                new NodeView.Leader("other:1", state, reason, 5, 0, 0, 0, null, null));
    }

    private static NodeView node(
            String role, boolean open, String health, NodeView.@Nullable Leader leader) {
        return new NodeView(
                role,
                2,
                null,
                null,
                open,
                health,
                List.of(),
                open ? new NodeView.Log(5, "1-0", 100, 50, "always") : null,
                0,
                new NodeView.Memory(1, 2, null),
                0,
                10,
                null,
                leader,
                null);
    }

    private static NodeView.Follower follower(int id, String state) {
        return new NodeView.Follower(id, "host:" + id, state, 1, 0, 0, 0, null);
    }
}
