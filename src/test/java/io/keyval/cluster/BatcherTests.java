package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How parts become entries, and what becomes of them. */
class BatcherTests {

    /** A route that keeps what it is given. */
    private static final class Kept implements Batcher.Route {

        private final BlockingQueue<Entry> here = new LinkedBlockingQueue<>();
        private final BlockingQueue<Entry> there = new LinkedBlockingQueue<>();
        private volatile Batcher.Destination destination = Batcher.Destination.HERE;

        @Override
        public Batcher.Destination destination() {
            return destination;
        }

        @Override
        public void submit(Entry entry) {
            here.add(entry);
        }

        @Override
        public void forward(Entry entry, String node) {
            there.add(entry);
        }

        @Override
        public @Nullable String leader() {
            return "9";
        }

        @Override
        public void failed(Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    private static final Bounds BOUNDS =
            new Bounds(64 << 20, 32 << 20, 4 << 20, 8, 64 << 20, 32 << 20, 1 << 20);

    private final Kept route = new Kept();
    private final Batcher batcher = new Batcher("batcher", route, 2, BOUNDS);

    @AfterEach
    void close() {
        batcher.close();
    }

    private Part put(int size, Duration patience) {
        return part(List.of(new Command.Put(new byte[] {'k'}, new byte[size])), patience, true);
    }

    private static Part get() {
        return part(
                List.of(new Command.Get("k".getBytes(StandardCharsets.UTF_8))),
                Duration.ofSeconds(60),
                true);
    }

    private static Part part(List<Command> commands, Duration patience, boolean mayForward) {
        return new Part(
                commands, 1 << 20, System.nanoTime() + patience.toNanos(), mayForward, 1 << 20);
    }

    private Part add(Part part) {
        batcher.add(part);
        return part;
    }

    private static Entry next(BlockingQueue<Entry> queue) throws InterruptedException {
        Entry entry = queue.poll(30, TimeUnit.SECONDS);
        assertThat(entry).isNotNull();
        return entry;
    }

    private void answer(Entry entry) {
        assertThat(entry.decide(Entry.Fate.APPLIED)).isTrue();
        for (Part part : entry.parts()) {
            part.answer(Collections.nCopies(part.commands().size(), Reply.OK));
        }
        batcher.applied(entry);
    }

    @Test
    void whenEntriesAreUnderWayThenWhatComesWaitsForThemAndGoesTogether() throws Exception {
        batcher.start();
        add(put(10, Duration.ofSeconds(60)));
        Entry first = next(route.here);
        add(put(10, Duration.ofSeconds(60)));
        Entry second = next(route.here);
        List<Part> waiting = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            waiting.add(add(put(10, Duration.ofSeconds(60))));
        }
        assertThat(batcher.inFlight()).isEqualTo(2);
        answer(second);
        Entry third = next(route.here);
        assertThat(third.parts()).isEqualTo(waiting.subList(0, third.parts().size()));
        answer(first);
        Entry fourth = next(route.here);
        assertThat(third.commands()).isEqualTo(Batcher.MAX_COMMANDS);
        assertThat(fourth.parts()).isEqualTo(waiting.subList(Batcher.MAX_COMMANDS, 300));
        answer(third);
        answer(fourth);
        assertThat(waiting).allMatch(part -> part.outcome().isDone());
        await().until(() -> batcher.inFlight() == 0);
    }

    @Test
    void whenPartsAreLargeThenAnEntryTakesNoMoreThanAMegabyteOrOnePart() throws Exception {
        for (int i = 0; i < 3; i++) {
            add(put(600_000, Duration.ofSeconds(60)));
        }
        add(put(3_000_000, Duration.ofSeconds(60)));
        batcher.start();
        for (int i = 0; i < 4; i++) {
            Entry entry = next(route.here);
            assertThat(entry.parts()).hasSize(1);
            answer(entry);
        }
    }

    @Test
    void whenAnEntryWasNotExecutedThenItIsSentAgainBeforeWhatCameLater() throws Exception {
        batcher.start();
        Part first = add(put(10, Duration.ofSeconds(60)));
        Entry entry = next(route.here);
        route.destination = Batcher.Destination.NOWHERE;
        batcher.returned(entry);
        Part second = add(put(10, Duration.ofSeconds(60)));
        assertThat(first.outcome()).isNotDone();
        route.destination = new Batcher.Destination.There("2");
        batcher.leaderChanged();
        Entry again = next(route.there);
        assertThat(again.parts().getFirst()).isSameAs(first);
        answer(again);
        if (again.parts().size() == 1) {
            answer(next(route.there));
        }
        assertThat(second.outcome().get(30, TimeUnit.SECONDS)).isInstanceOf(Outcome.Answered.class);
    }

    @Test
    void whenTheFateOfWritesIsNotKnownThenTheyAreNeverSentAgainAndReadsAre() throws Exception {
        Part write = add(put(10, Duration.ofSeconds(60)));
        Part read = add(get());
        batcher.start();
        Entry entry = next(route.here);
        assertThat(entry.parts()).containsExactly(write, read);
        batcher.unknown(entry);
        Entry again = next(route.here);
        assertThat(again.parts()).containsExactly(read);
        assertThat(write.outcome()).isCompletedWithValue(Outcome.UNKNOWN);
        assertThat(batcher.unanswered()).isEqualTo(1);
    }

    @Test
    void whenADeadlineIsOverThenWhatIsUnderWayIsUnknownAndWhatWaitsIsLate() throws Exception {
        batcher.start();
        Part sent = add(put(10, Duration.ofSeconds(5)));
        Entry entry = next(route.here);
        route.destination = Batcher.Destination.NOWHERE;
        Part waiting = add(put(10, Duration.ofSeconds(5)));
        assertThat(sent.outcome().get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.UNKNOWN);
        assertThat(waiting.outcome().get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.LATE);
        assertThat(entry.decide(Entry.Fate.APPLIED)).isFalse();
        await().until(() -> batcher.inFlight() == 0);
    }

    @Test
    void whenSomePartsAreLateThenTheOthersOfTheirEntryGoOnAndNothingIsSentAgain() throws Exception {
        Part longer = add(get());
        Part write = add(put(10, Duration.ofSeconds(60)));
        Part late =
                add(part(List.of(new Command.Get(new byte[] {'k'})), Duration.ofSeconds(5), true));
        batcher.start();
        Entry entry = next(route.here);
        assertThat(entry.parts()).containsExactly(longer, write, late);
        assertThat(late.outcome().get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.LATE);
        assertThat(route.here.poll(300, TimeUnit.MILLISECONDS)).isNull();
        assertThat(longer.outcome()).isNotDone();
        assertThat(write.outcome()).isNotDone();
        batcher.returned(entry);
        assertThat(next(route.here).parts()).containsExactly(longer, write);
    }

    @Test
    void whenWhatWaitsIsLateThenItIsEndedWhereverItStands() throws Exception {
        route.destination = Batcher.Destination.NOWHERE;
        Part longer = add(get());
        Part late =
                add(part(List.of(new Command.Get(new byte[] {'k'})), Duration.ofSeconds(5), true));
        batcher.start();
        assertThat(late.outcome().get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.LATE);
        assertThat(longer.outcome()).isNotDone();
    }

    @Test
    void whenAnotherNodeLeadsThenNobodyWaitsForTheOneThatDoesNotAnswer() throws Exception {
        route.destination = new Batcher.Destination.There("2");
        batcher.start();
        for (int i = 0; i < 2; i++) {
            add(put(10, Duration.ofSeconds(60)));
            next(route.there);
        }
        assertThat(batcher.inFlight()).isEqualTo(2);
        Part later = add(put(10, Duration.ofSeconds(60)));
        route.destination = Batcher.Destination.HERE;
        batcher.leaderChanged();
        Entry entry = next(route.here);
        assertThat(entry.parts()).containsExactly(later);
    }

    @Test
    void whenAnEntryIsDoubtfulThenOthersGoOnAndItMayStillBeApplied() throws Exception {
        batcher.start();
        Part first = add(put(10, Duration.ofSeconds(60)));
        Entry doubtful = next(route.here);
        batcher.doubtful(doubtful);
        assertThat(batcher.inFlight()).isZero();
        add(put(10, Duration.ofSeconds(60)));
        next(route.here);
        answer(doubtful);
        assertThat(first.outcome()).isDone();
        assertThat(batcher.inFlight()).isEqualTo(1);
    }

    @Test
    void whenAnotherNodeSentAPartThenItGoesNoFurther() throws Exception {
        route.destination = new Batcher.Destination.There("2");
        batcher.start();
        Part part =
                add(
                        part(
                                List.of(new Command.Get(new byte[] {'k'})),
                                Duration.ofSeconds(60),
                                false));
        assertThat(part.outcome().get(30, TimeUnit.SECONDS)).isEqualTo(new Outcome.NotLeader("9"));
        assertThat(route.there).isEmpty();
    }

    @Test
    void whenMuchIsUnderWayThenItIsFullUntilThatHasEnded() throws Exception {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < 70; i++) {
            parts.add(add(put(1_000_000, Duration.ofMillis(1))));
        }
        assertThat(batcher.isFull()).isTrue();
        route.destination = Batcher.Destination.NOWHERE;
        batcher.start();
        for (Part part : parts) {
            assertThat(part.outcome().get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.LATE);
        }
        await().until(() -> !batcher.isFull());
    }

    @Test
    void whenItIsClosedThenEveryPartIsEnded() throws Exception {
        batcher.start();
        Part sent = add(put(10, Duration.ofSeconds(60)));
        next(route.here);
        route.destination = Batcher.Destination.NOWHERE;
        Part waiting = add(put(10, Duration.ofSeconds(60)));
        batcher.close();
        Part later = add(put(10, Duration.ofSeconds(60)));
        assertThat(sent.outcome()).isCompletedWithValue(Outcome.UNKNOWN);
        assertThat(waiting.outcome()).isCompletedWithValue(Outcome.LATE);
        assertThat(later.outcome()).isCompletedWithValue(Outcome.LATE);
    }
}
