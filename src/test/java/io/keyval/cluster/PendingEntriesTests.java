package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import io.keyval.store.MemoryBudget;
import io.keyval.store.Replica;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of entries that are under way through a log. */
class PendingEntriesTests {

    private final AtomicLong applied = new AtomicLong();
    private final List<Entry> lost = new ArrayList<>();
    private final List<Entry> unknown = new ArrayList<>();
    private final PendingEntries pending =
            new PendingEntries(applied::get, lost::add, unknown::add);
    private final Replica replica = new Replica(MemoryBudget.unbounded());

    @AfterEach
    void close() {
        replica.close();
    }

    private static Entry entry(long id, int size) {
        Command put = new Command.Put(new byte[] {'k'}, new byte[size]);
        return new Entry(
                id,
                List.of(new Part(List.of(put), 1 << 20, System.nanoTime(), true, 1 << 20)),
                null);
    }

    private Entry add(long id) {
        Entry entry = entry(id, 10);
        pending.add(entry, replica);
        return entry;
    }

    private Entry addAt(long id, long index) {
        Entry entry = entry(id, 10);
        pending.add(entry, replica)
                .appending(
                        TransactionContext.newBuilder()
                                .setStateMachine(new BaseStateMachine())
                                .setServerRole(RaftPeerRole.LEADER)
                                .setLogEntry(
                                        LogEntryProto.newBuilder()
                                                .setIndex(index)
                                                .setStateMachineLogEntry(
                                                        StateMachineLogEntryProto
                                                                .getDefaultInstance())
                                                .build())
                                .build());
        return entry;
    }

    @Test
    void whenAnEntryIsTakenOutThenItIsNotThereAnyMore() {
        Entry entry = add(7);
        assertThat(pending.find(7)).isNotNull().returns(entry, Submitted::entry);
        assertThat(pending.remove(7)).isNotNull().returns(entry, Submitted::entry);
        assertThat(pending.find(7)).isNull();
        assertThat(pending.remove(7)).isNull();
    }

    @Test
    void whenEntriesUnderWayTakeAllMemoryThenPutsAreRefusedUntilTheyAreTakenOut() {
        try (Replica small = new Replica(new MemoryBudget(32 << 20))) {
            pending.add(entry(1, 20 << 20), small);
            Entry refused = entry(2, 20 << 20);
            pending.add(refused, small).execute(small);
            assertThat(refused.parts().getFirst().outcome())
                    .isCompletedWithValue(new Outcome.Answered(List.of(Reply.FAILED)));
            pending.remove(2);
            pending.remove(1);
            Entry admitted = entry(3, 20 << 20);
            pending.add(admitted, small).execute(small);
            assertThat(admitted.parts().getFirst().outcome())
                    .isCompletedWithValue(new Outcome.Answered(List.of(Reply.OK)));
        }
    }

    @Test
    void whenNoFateIsOpenThenNothingIsLost() {
        addAt(1, 5);
        pending.loseUpTo(9);
        assertThat(lost).isEmpty();
        assertThat(pending.find(1)).isNotNull();
    }

    @Test
    void whenAnotherEntryWasAppliedInItsPlaceBeforeItsFateWasOpenThenItIsLost() {
        Entry entry = addAt(1, 5);
        applied.set(5);
        pending.doubt();
        assertThat(lost).containsExactly(entry);
        assertThat(pending.find(1)).isNull();
    }

    @Test
    void whenItsPlaceIsStillToBeAppliedThenItIsLostOnlyWhenThatWas() {
        Entry entry = addAt(1, 5);
        Entry behind = addAt(2, 6);
        applied.set(4);
        pending.doubt();
        assertThat(lost).isEmpty();
        pending.loseUpTo(5);
        assertThat(lost).containsExactly(entry);
        pending.loseUpTo(6);
        assertThat(lost).containsExactly(entry, behind);
    }

    @Test
    void whenAnEntryHasNoPlaceYetThenItIsNotLost() {
        add(1);
        applied.set(9);
        pending.doubt();
        assertThat(lost).isEmpty();
        assertThat(pending.find(1)).isNotNull();
    }

    @Test
    void whenAnEntryWasGivenUpThenItIsForgottenWithoutAWord() {
        Entry entry = add(1);
        entry.decide(Entry.Fate.UNKNOWN);
        pending.doubt();
        assertThat(pending.find(1)).isNull();
        assertThat(lost).isEmpty();
        assertThat(unknown).isEmpty();
    }

    @Test
    void whenNoneIsLeftThenNoFateIsOpen() {
        addAt(1, 5);
        applied.set(5);
        pending.doubt();
        lost.clear();
        addAt(2, 6);
        pending.loseUpTo(6);
        assertThat(lost).isEmpty();
    }

    @Test
    void whenASnapshotTakesTheirPlaceThenTheirFateIsNotKnown() {
        Entry inSnapshot = addAt(1, 5);
        addAt(2, 6);
        pending.forgetUpTo(5);
        assertThat(unknown).containsExactly(inSnapshot);
        assertThat(lost).isEmpty();
        assertThat(pending.find(1)).isNull();
        assertThat(pending.find(2)).isNotNull();
    }
}
