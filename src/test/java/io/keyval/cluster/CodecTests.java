package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.store.MemoryBudget;
import io.keyval.store.Replica;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What stands in Raft entries and in the messages between nodes. */
class CodecTests {

    private static final List<Command> BATCH =
            List.of(
                    new Command.Put(bytes("a"), bytes("1")),
                    new Command.Get(bytes("a")),
                    new Command.Put(bytes("b"), bytes("2")),
                    new Command.Delete(bytes("a")));

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void whenAnEntryIsAppliedThenOnlyItsWritesAre() {
        try (Replica replica = new Replica(MemoryBudget.unbounded())) {
            ByteBuffer entry = ByteBuffer.wrap(EntryCodec.encode(BATCH, new BitSet()));
            int count = EntryCodec.count(entry);
            replica.apply(entry, count);
            assertThat(count).isEqualTo(3);
            assertThat(replica.keys()).isEqualTo(1);
        }
    }

    @Test
    void whenAPutWasRefusedThenTheEntryIsWithoutIt() {
        try (Replica replica = new Replica(MemoryBudget.unbounded())) {
            BitSet refused = new BitSet();
            refused.set(2);
            ByteBuffer entry = ByteBuffer.wrap(EntryCodec.encode(BATCH, refused));
            int count = EntryCodec.count(entry);
            replica.apply(entry, count);
            assertThat(count).isEqualTo(2);
            assertThat(replica.keys()).isZero();
        }
    }

    @Test
    void whenANodeSaysItsTermThenItIsRead() {
        ForwardCodec.Term term = new ForwardCodec.Term(7, Long.MAX_VALUE);
        assertThat(ForwardCodec.readTerm(ByteBuffer.wrap(ForwardCodec.term(term)))).isEqualTo(term);
        assertThat(ForwardCodec.kind(ByteBuffer.wrap(ForwardCodec.askTerm())))
                .isEqualTo(ForwardCodec.TERM);
    }

    @Test
    void whenANodeDoesNotKnowTheQuestionForItsTermThenItSaysNothing() {
        assertThat(ForwardCodec.readTerm(ByteBuffer.allocate(0))).isNull();
    }

    @Test
    void whenAnEntryIsOfAnotherVersionThenItIsRefused() {
        byte[] entry = EntryCodec.encode(BATCH, new BitSet());
        entry[0] = 9;
        assertThatThrownBy(() -> EntryCodec.count(ByteBuffer.wrap(entry)))
                .isInstanceOf(ClusterException.class)
                .hasMessageContaining("format 9");
        assertThatThrownBy(() -> EntryCodec.count(ByteBuffer.allocate(2)))
                .isInstanceOf(ClusterException.class);
    }

    @Test
    void whenPartsAreSentThenTheyArriveAsTheyWere() {
        Part first = new Part(BATCH, 77, 0, true, 100);
        Part second = new Part(List.of(new Command.Get(bytes("z"))), 88, 0, true, 100);
        ByteBuffer message = ByteBuffer.wrap(ForwardCodec.request(List.of(first, second), 1234));
        assertThat(ForwardCodec.kind(message)).isEqualTo(ForwardCodec.PARTS);
        ForwardCodec.Request request = ForwardCodec.readRequest(message);
        assertThat(request.millis()).isEqualTo(1234);
        assertThat(request.parts())
                .extracting(ForwardCodec.Sent::maxBytes)
                .containsExactly(77L, 88L);
        assertThat(request.parts().getFirst().commands())
                .usingRecursiveFieldByFieldElementComparator()
                .isEqualTo(BATCH);
    }

    @Test
    void whenOutcomesAreSentThenTheyArriveAsTheyWere() {
        List<Outcome> outcomes =
                List.of(
                        new Outcome.Answered(
                                List.of(
                                        Reply.OK,
                                        new Reply.Value(bytes("v")),
                                        Reply.MISS,
                                        Reply.NOT_FOUND,
                                        Reply.WRITE_NOT_ALLOWED,
                                        Reply.FAILED)),
                        new Outcome.NotLeader("3"),
                        new Outcome.NotLeader(null),
                        Outcome.LATE,
                        Outcome.UNKNOWN);
        List<Outcome> read =
                ForwardCodec.readAnswer(ByteBuffer.wrap(ForwardCodec.answer(outcomes)));
        assertThat(read).usingRecursiveFieldByFieldElementComparator().isEqualTo(outcomes);
    }

    @Test
    void whenAMessageIsCutAnywhereThenItIsRefused() {
        byte[] request = ForwardCodec.request(List.of(new Part(BATCH, 77, 0, true, 100)), 5);
        for (int length = 0; length < request.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(request, length));
            assertThatThrownBy(
                            () -> {
                                ForwardCodec.kind(cut);
                                ForwardCodec.readRequest(cut);
                            })
                    .isInstanceOf(ClusterException.class);
        }
        byte[] answer =
                ForwardCodec.answer(
                        List.of(
                                new Outcome.Answered(List.of(new Reply.Value(bytes("v")))),
                                new Outcome.NotLeader("3")));
        for (int length = 0; length < answer.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(answer, length));
            assertThatThrownBy(() -> ForwardCodec.readAnswer(cut))
                    .isInstanceOf(ClusterException.class);
        }
    }

    @Test
    void whenKeysAreHashedThenAllShardsHaveAboutAsMany() {
        int[] counts = new int[5];
        for (int i = 0; i < 50_000; i++) {
            byte[] key = bytes("key" + i);
            assertThat(Slots.of(key)).isBetween(0, Slots.COUNT - 1);
            assertThat(Slots.shard(key, 1)).isZero();
            counts[Slots.shard(key, 5)]++;
        }
        assertThat(counts)
                .satisfies(
                        all -> assertThat(Arrays.stream(all).min().getAsInt()).isGreaterThan(9000));
    }

    @Test
    void whenAKeyIsHashedThenItsSlotIsWhatItAlwaysWas() {
        assertThat(Slots.of(bytes("123456789"))).isEqualTo(0xE3069283 & 16383);
    }

    @Test
    void whenShardsAreSpreadThenEachBeginsAtTheNextNode() {
        List<Integer> ids = List.of(1, 2, 5, 9);
        assertThat(Slots.nodes(0, ids, 3)).containsExactly(1, 2, 5);
        assertThat(Slots.nodes(3, ids, 3)).containsExactly(9, 1, 2);
        assertThat(Slots.nodes(6, ids, 2)).containsExactly(5, 9);
        assertThat(Slots.nodes(0, List.of(4), 3)).containsExactly(4);
    }
}
