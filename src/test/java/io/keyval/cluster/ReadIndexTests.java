package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.keyval.command.Command;
import io.keyval.command.Reply;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Who has to say that a leader leads before it answers reads, and what becomes of reads else. */
class ReadIndexTests {

    private static final long TERM = 7;
    private static final Duration LONG = Duration.ofMinutes(10);

    private record Question(String node, CompletableFuture<Boolean> answer) {}

    private final List<Question> questions = new ArrayList<>();
    private final List<Part> logged = new ArrayList<>();
    private ReadIndex.Voters voters = new ReadIndex.Voters(Set.of("1", "2", "3"), Set.of());
    private boolean leads = true;
    private boolean open = true;

    private final ReadIndex.Shard shard =
            new ReadIndex.Shard() {
                @Override
                public ReadIndex.@Nullable Reign reign() {
                    return leads
                            ? new ReadIndex.Reign(TERM, "1", voters, ReadIndexTests.this::answer)
                            : null;
                }

                @Override
                public CompletableFuture<Boolean> isIn(long term, String node) {
                    assertThat(term).isEqualTo(TERM);
                    Question question = new Question(node, new CompletableFuture<>());
                    questions.add(question);
                    return question.answer();
                }

                @Override
                public void log(Part part) {
                    logged.add(part);
                }
            };

    private final ReadIndex reads = new ReadIndex(shard, LONG);

    private boolean answer(Part part) {
        if (open) {
            part.answer(List.of(Reply.OK));
        }
        return open;
    }

    private static Part get() {
        return new Part(
                List.of(new Command.Get("key".getBytes(StandardCharsets.US_ASCII))),
                1000,
                System.nanoTime() + LONG.toNanos(),
                true,
                1000);
    }

    private Part added(ReadIndex to) {
        Part part = get();
        to.add(part);
        return part;
    }

    private void say(String node, boolean is) {
        Question question =
                questions.stream().filter(asked -> asked.node().equals(node)).findFirst().get();
        questions.remove(question);
        question.answer().complete(is);
    }

    private List<String> asked() {
        return questions.stream().map(Question::node).sorted().toList();
    }

    @Test
    void whenOneOfTwoOthersIsInTheTermThenTheReadIsAnswered() {
        Part part = added(reads);
        assertThat(asked()).containsExactly("2", "3");
        assertThat(part.isEnded()).isFalse();

        say("3", true);

        assertThat(part.isEnded()).isTrue();
        say("2", false);
        assertThat(logged).isEmpty();
    }

    @Test
    void whenNobodyElseIsInTheTermThenTheReadGoesThroughTheLog() {
        Part part = added(reads);

        say("2", false);
        assertThat(logged).isEmpty();
        say("3", false);

        assertThat(logged).containsExactly(part);
        assertThat(part.isEnded()).isFalse();
    }

    @Test
    void whenTheOthersCannotBeAskedThenReadsGoThroughTheLogAndTheyAreLeftAloneForAWhile() {
        Part first = added(reads);
        questions.forEach(question -> question.answer().completeExceptionally(new Exception()));
        questions.clear();

        Part second = added(reads);

        assertThat(asked()).isEmpty();
        assertThat(logged).containsExactly(first, second);
    }

    @Test
    void whenOneOfTheOthersCannotBeAskedThenTheOtherOneIsEnough() {
        Part first = added(reads);
        questions.getFirst().answer().completeExceptionally(new Exception());
        questions.removeFirst();
        String other = asked().getFirst();
        say(other, true);
        assertThat(first.isEnded()).isTrue();

        Part second = added(reads);
        assertThat(asked()).containsExactly(other);
        say(other, true);

        assertThat(second.isEnded()).isTrue();
        assertThat(logged).isEmpty();
    }

    @Test
    void whenNobodyAnswersInTimeThenTheReadGoesThroughTheLog() throws Exception {
        CompletableFuture<Part> late = new CompletableFuture<>();
        ReadIndex impatient =
                new ReadIndex(
                        new ReadIndex.Shard() {
                            @Override
                            public ReadIndex.@Nullable Reign reign() {
                                return shard.reign();
                            }

                            @Override
                            public CompletableFuture<Boolean> isIn(long term, String node) {
                                return new CompletableFuture<>();
                            }

                            @Override
                            public void log(Part part) {
                                late.complete(part);
                            }
                        },
                        Duration.ofMillis(1));

        Part part = added(impatient);

        assertThat(late.get(1, TimeUnit.MINUTES)).isSameAs(part);
    }

    @Test
    void whenReadsArriveDuringTwoRoundsThenTheyWaitForTheNextOneAndShareIt() {
        Part first = added(reads);
        Part second = added(reads);
        assertThat(asked()).containsExactly("2", "2", "3", "3");

        Part third = added(reads);
        Part fourth = added(reads);
        assertThat(asked()).containsExactly("2", "2", "3", "3");

        say("2", true);
        assertThat(first.isEnded()).isTrue();
        assertThat(third.isEnded()).isFalse();
        assertThat(asked()).containsExactly("2", "2", "3", "3", "3");
        say("2", true);
        assertThat(second.isEnded()).isTrue();
        say("2", true);

        assertThat(third.isEnded()).isTrue();
        assertThat(fourth.isEnded()).isTrue();
        assertThat(asked()).containsExactly("3", "3", "3");
    }

    @Test
    void whenANodeIsAloneThenItAsksNobody() {
        voters = new ReadIndex.Voters(Set.of("1"), Set.of());

        assertThat(added(reads).isEnded()).isTrue();
        assertThat(asked()).isEmpty();
    }

    @Test
    void whenMembersChangeThenItTakesAMajorityOfBoth() {
        voters = new ReadIndex.Voters(Set.of("1", "4", "5"), Set.of("1", "2", "3"));
        Part part = added(reads);
        assertThat(asked()).containsExactly("2", "3", "4", "5");

        say("4", true);
        say("5", true);
        assertThat(part.isEnded()).isFalse();
        say("2", true);

        assertThat(part.isEnded()).isTrue();
    }

    @Test
    void whenTheLeaderDoesNotVoteThenItDoesNotCount() {
        voters = new ReadIndex.Voters(Set.of("2", "3"), Set.of());
        Part part = added(reads);

        say("2", true);
        assertThat(part.isEnded()).isFalse();
        say("3", true);

        assertThat(part.isEnded()).isTrue();
    }

    @Test
    void whenTheNodeDoesNotLeadThenReadsGoThroughTheLog() {
        leads = false;

        Part part = added(reads);

        assertThat(asked()).isEmpty();
        assertThat(logged).containsExactly(part);
    }

    @Test
    void whenTheDataIsGoneMeanwhileThenReadsGoThroughTheLog() {
        Part part = added(reads);
        open = false;

        say("2", true);

        assertThat(logged).containsExactly(part);
        assertThat(part.isEnded()).isFalse();
    }
}
