package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.store.MemoryBudget;
import io.keyval.store.Replica;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a leader answers reads from what it has executed. */
class LeaderReadsTests {

    private static final byte[] KEY = "k".getBytes(StandardCharsets.UTF_8);
    private static final byte[] VALUE = "v".getBytes(StandardCharsets.UTF_8);

    private final Part part =
            new Part(List.of(new Command.Get(KEY)), 1 << 20, System.nanoTime(), true, 1 << 20);

    private static Replica replica() {
        Replica replica = new Replica(MemoryBudget.unbounded());
        replica.apply(List.of(new Command.Put(KEY, VALUE)));
        return replica;
    }

    @Test
    void whenItReignsThenAReadIsAnsweredFromMemory() {
        try (Replica data = replica()) {
            assertThat(LeaderReads.answer(data, part, () -> true)).isTrue();
            assertThat(part.outcome().join())
                    .isInstanceOfSatisfying(
                            Outcome.Answered.class,
                            answered ->
                                    assertThat(answered.replies())
                                            .singleElement()
                                            .isInstanceOfSatisfying(
                                                    Reply.Value.class,
                                                    reply ->
                                                            assertThat(reply.bytes())
                                                                    .isEqualTo(VALUE)));
        }
    }

    @Test
    void whenALaterTermWasExecutedThenAReadIsNotAnswered() {
        try (Replica data = replica()) {
            assertThat(LeaderReads.answer(data, part, () -> false)).isFalse();
            assertThat(part.isEnded()).isFalse();
        }
    }

    @Test
    void whenTheDataIsClosedThenAReadIsNotAnswered() {
        Replica data = replica();
        data.close();
        assertThat(LeaderReads.answer(data, part, () -> true)).isFalse();
        assertThat(part.isEnded()).isFalse();
    }
}
