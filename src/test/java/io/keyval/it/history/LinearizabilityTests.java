package io.keyval.it.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Histories that are known to be good or bad. A line is client, key, call, value, outcome, time of
 * call and place in its batch, time of return.
 */
class LinearizabilityTests {

    private static List<Operation> history(String text) {
        return text.lines().map(Operation::parse).toList();
    }

    private static Arguments of(String name, String history) {
        return Arguments.of(name, history);
    }

    static Stream<Arguments> good() {
        return Stream.of(
                of(
                        "one after the other",
                        """
                        1 k GET - OK 0+0 1
                        1 k PUT a OK 2+0 3
                        1 k GET a OK 4+0 5
                        1 k DELETE - OK 6+0 7
                        1 k GET - OK 8+0 9
                        1 k DELETE - NOT_FOUND 10+0 11"""),
                of(
                        "a read beside a write sees the old value",
                        """
                        1 k PUT a OK 0+0 1
                        1 k PUT b OK 2+0 9
                        2 k GET a OK 3+0 4
                        2 k GET b OK 5+0 6"""),
                of(
                        "two reads beside a write see both values",
                        """
                        1 k PUT a OK 0+0 9
                        2 k GET - OK 1+0 8
                        3 k GET a OK 2+0 7"""),
                of(
                        "writes at once happen in the order that reads show",
                        """
                        1 k PUT a OK 0+0 9
                        2 k PUT b OK 0+0 9
                        3 k GET b OK 10+0 11
                        3 k GET b OK 12+0 13"""),
                of(
                        "an unanswered write happened",
                        """
                        1 k PUT a UNKNOWN 0+0 -
                        2 k GET - OK 1+0 2
                        2 k GET a OK 100+0 101"""),
                of(
                        "an unanswered write did not happen",
                        """
                        1 k PUT a OK 0+0 1
                        1 k PUT b UNKNOWN 2+0 -
                        2 k GET a OK 3+0 4
                        2 k GET a OK 100+0 101"""),
                of(
                        "an unanswered write happened late and was overwritten later",
                        """
                        1 k PUT a UNKNOWN 0+0 -
                        2 k PUT b OK 1+0 2
                        2 k GET b OK 3+0 4
                        2 k GET a OK 5+0 6
                        2 k PUT c OK 7+0 8
                        2 k GET c OK 9+0 10"""),
                of(
                        "an unanswered delete happened",
                        """
                        1 k PUT a OK 0+0 1
                        1 k DELETE - UNKNOWN 2+0 -
                        2 k GET a OK 3+0 4
                        2 k GET - OK 5+0 6
                        2 k DELETE - NOT_FOUND 7+0 8"""),
                of(
                        "an unanswered delete did not happen",
                        """
                        1 k PUT a OK 0+0 1
                        1 k DELETE - UNKNOWN 2+0 -
                        2 k DELETE - OK 3+0 4
                        2 k GET - OK 5+0 6"""),
                of(
                        "an unanswered write that nobody read was deleted",
                        """
                        1 k PUT a UNKNOWN 0+0 -
                        2 k DELETE - OK 1+0 2
                        2 k GET - OK 3+0 4"""),
                of(
                        "two deletes at once, one finds something",
                        """
                        1 k PUT a OK 0+0 1
                        1 k DELETE - OK 2+0 9
                        2 k DELETE - NOT_FOUND 2+0 9"""),
                of(
                        "sent together and answered in order",
                        """
                        1 k PUT a OK 0+0 5
                        1 k GET a OK 0+1 5
                        1 k PUT b OK 0+2 6
                        1 k GET b OK 0+3 6
                        1 k DELETE - OK 0+4 7
                        1 k GET - OK 0+5 7"""),
                of(
                        "what was told to have failed happens behind what was sent after it",
                        """
                        1 k PUT a UNKNOWN 0+0 -
                        1 k PUT b OK 0+1 5
                        2 k GET b OK 6+0 7
                        2 k GET a OK 8+0 9"""),
                of(
                        "keys are independent",
                        """
                        1 j PUT a OK 0+0 1
                        1 k PUT a OK 2+0 3
                        1 k PUT b OK 4+0 5
                        2 j GET a OK 6+0 7
                        2 k GET b OK 8+0 9"""));
    }

    static Stream<Arguments> bad() {
        return Stream.of(
                of(
                        "a stale read",
                        """
                        1 k PUT a OK 0+0 1
                        1 k PUT b OK 2+0 3
                        2 k GET a OK 4+0 5"""),
                of(
                        "a read that goes back",
                        """
                        1 k PUT a OK 0+0 1
                        1 k PUT b OK 2+0 9
                        2 k GET b OK 3+0 4
                        3 k GET a OK 5+0 6"""),
                of(
                        "a lost write",
                        """
                        1 k PUT a OK 0+0 1
                        2 k GET - OK 2+0 3"""),
                of(
                        "a lost delete",
                        """
                        1 k PUT a OK 0+0 1
                        1 k DELETE - OK 2+0 3
                        2 k GET a OK 4+0 5"""),
                of(
                        "a value that was never written",
                        """
                        1 k PUT a OK 0+0 1
                        2 k GET z OK 0+0 5"""),
                of(
                        "a value that is written only later",
                        """
                        2 k GET a OK 0+0 5
                        1 k PUT a OK 6+0 7"""),
                of(
                        "a value that is sent only later and never answered",
                        """
                        2 k GET a OK 0+0 5
                        1 k PUT a UNKNOWN 6+0 -"""),
                of(
                        "a write that came back",
                        """
                        1 k PUT a OK 0+0 1
                        1 k PUT b OK 2+0 3
                        2 k GET b OK 4+0 5
                        2 k GET a OK 6+0 7"""),
                of(
                        "an unanswered write that came back",
                        """
                        1 k PUT a UNKNOWN 0+0 -
                        2 k GET a OK 2+0 3
                        2 k PUT b OK 4+0 5
                        2 k GET b OK 6+0 7
                        2 k GET a OK 8+0 9"""),
                of(
                        "a deleted write that came back",
                        """
                        1 k PUT a UNKNOWN 0+0 -
                        2 k GET a OK 2+0 3
                        2 k DELETE - OK 4+0 5
                        2 k GET - OK 6+0 7
                        2 k GET a OK 8+0 9"""),
                of(
                        "DELETE of what is there finds nothing",
                        """
                        1 k PUT a OK 0+0 1
                        1 k DELETE - NOT_FOUND 2+0 3"""),
                of(
                        "DELETE of nothing finds something",
                        """
                        1 k PUT a OK 0+0 1
                        1 k DELETE - OK 2+0 3
                        2 k DELETE - OK 4+0 5"""),
                of(
                        "two deletes at once find the same",
                        """
                        1 k PUT a OK 0+0 1
                        1 k DELETE - OK 2+0 9
                        2 k DELETE - OK 2+0 9"""),
                of(
                        "one unanswered delete cannot happen twice",
                        """
                        1 k PUT a OK 0+0 1
                        1 k DELETE - UNKNOWN 2+0 -
                        2 k GET - OK 3+0 4
                        2 k PUT b OK 5+0 6
                        2 k GET - OK 7+0 8"""),
                of(
                        "an unanswered delete happens not before it is sent",
                        """
                        1 k PUT a OK 0+0 1
                        2 k GET - OK 2+0 3
                        1 k DELETE - UNKNOWN 4+0 -"""),
                of(
                        "one unanswered write cannot be deleted twice",
                        """
                        1 k PUT a UNKNOWN 0+0 -
                        2 k DELETE - OK 1+0 2
                        2 k DELETE - OK 3+0 4"""),
                of(
                        "an unanswered write is not deleted before it is sent",
                        """
                        2 k DELETE - OK 0+0 1
                        1 k PUT a UNKNOWN 2+0 -"""),
                of(
                        "sent together and answered out of order",
                        """
                        1 k PUT a OK 0+0 5
                        1 k GET - OK 0+1 5"""),
                of(
                        "sent together, the later write is overtaken",
                        """
                        1 k PUT a OK 0+0 5
                        1 k PUT b OK 0+1 5
                        2 k GET a OK 6+0 7"""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("good")
    void whenAnOrderExplainsEveryReplyThenNothingIsFound(String name, String text) {
        assertThat(Linearizability.violations(history(text))).as(name).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bad")
    void whenNoOrderExplainsTheRepliesThenItIsFound(String name, String text) {
        List<Operation> history = history(text);
        assertThat(Linearizability.violations(history)).as(name).hasSize(1);
        assertThat(BruteForce.linearizable(history)).as(name).isFalse();
    }

    @Test
    void whenAReplyIsWrongThenTheReportNamesItAndWhatHappenedAroundIt() {
        List<Violation> violations =
                Linearizability.violations(
                        history(
                                """
                                1 k PUT a OK 1000000+0 2000000
                                2 k PUT b OK 2500000+0 3000000
                                3 k GET a OK 4000000+0 5500000
                                1 j PUT a OK 1000000+0 2000000"""));
        assertThat(violations).hasSize(1);
        assertThat(violations.getFirst().key()).isEqualTo("k");
        assertThat(violations.getFirst().toString().lines())
                .containsExactly(
                        "Key k is not linearizable: no order explains",
                        "    3       3.000 ..      4.500  GET -> a",
                        "Before it returned the key could hold: b",
                        "a was written by",
                        "    1       0.000 ..      1.000  PUT a -> OK",
                        "Operations around it (client, called and returned in ms since the first):",
                        "     1       0.000 ..      1.000  PUT a -> OK",
                        "     2       1.500 ..      2.000  PUT b -> OK",
                        "->   3       3.000 ..      4.500  GET -> a");
    }

    @Test
    void whenAValueIsWrittenTwiceThenTheHistoryIsRefused() {
        List<Operation> history = history("1 k PUT a OK 0+0 1\n2 k PUT a OK 2+0 3");
        assertThatThrownBy(() -> Linearizability.violations(history))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Written twice: a");
    }

    @Test
    void whenAnOperationIsWrittenDownThenItCanBeReadBack() {
        for (String line :
                List.of("1 k PUT a OK 0+3 1", "2 k GET - OK 5+0 6", "3 k DELETE - UNKNOWN 7+0 -")) {
            assertThat(Operation.parse(line)).hasToString(line);
        }
    }
}
