package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class AckConfirmationTests {

    private static final Duration LONG = Duration.ofHours(1);

    private final List<String> told = new ArrayList<>();

    @Test
    void whenEnoughFollowersHaveAWriteThenItIsConfirmed() {
        AckConfirmation two = new AckConfirmation(2, LONG);
        write(two, 5);
        two.acknowledged(new long[] {5});
        two.acknowledged(new long[] {9, 4});
        assertThat(told).isEmpty();
        two.acknowledged(new long[] {9, 5, 1});
        assertThat(told).containsExactly("5 true");
    }

    @Test
    void whenAnAcknowledgementCoversSeveralWritesThenTheyAreConfirmedInOrder() {
        AckConfirmation one = new AckConfirmation(1, LONG);
        write(one, 5);
        write(one, 6);
        write(one, 8);
        one.acknowledged(new long[] {6});
        assertThat(told).containsExactly("5 true", "6 true");
    }

    @Test
    void whenFollowersWereFasterThanTheCallThenTheWriteIsConfirmedAtOnce() {
        AckConfirmation one = new AckConfirmation(1, LONG);
        one.acknowledged(new long[] {7});
        write(one, 7);
        assertThat(told).containsExactly("7 true");
    }

    @Test
    void whenAFollowerLeavesThenWhatItHadStaysConfirmed() {
        AckConfirmation one = new AckConfirmation(1, LONG);
        one.acknowledged(new long[] {7});
        one.acknowledged(new long[] {});
        one.acknowledged(new long[] {3});
        write(one, 7);
        assertThat(told).containsExactly("7 true");
        write(one, 8);
        assertThat(told).hasSize(1);
    }

    @Test
    void whenTheTimeIsOverThenTheWriteFailsAndTheReasonIsTold() {
        AckConfirmation patient = new AckConfirmation(1, LONG);
        write(patient, 4);
        patient.expire(0);
        assertThat(told).isEmpty();

        AckConfirmation one = new AckConfirmation(1, Duration.ofMillis(20));
        write(one, 5);
        Awaitility.await().until(() -> expired(one));
        assertThat(told).containsExactly("5 false");
        assertThat(one.complaint()).contains("0 are connected");

        write(one, 6);
        one.acknowledged(new long[] {6});
        assertThat(told).containsExactly("5 false", "6 true");
        assertThat(one.complaint()).isNull();
    }

    private boolean expired(AckConfirmation confirmation) {
        confirmation.expire(0);
        return !told.isEmpty();
    }

    @Test
    void whenAWriteHasFailedThenALateAcknowledgementDoesNotAnswerItAgain() {
        AckConfirmation one = new AckConfirmation(1, Duration.ofNanos(1));
        write(one, 5);
        Awaitility.await().until(() -> expired(one));
        one.acknowledged(new long[] {5});
        assertThat(told).containsExactly("5 false");
    }

    @Test
    void whenAnotherHistoryBeginsThenOldPositionsConfirmNothing() {
        AckConfirmation one = new AckConfirmation(1, LONG);
        one.acknowledged(new long[] {100});
        write(one, 101);
        one.reset();
        assertThat(told).containsExactly("101 false");
        write(one, 50);
        assertThat(told).hasSize(1);
        one.acknowledged(new long[] {50});
        assertThat(told).containsExactly("101 false", "50 true");
    }

    private void write(AckConfirmation confirmation, long position) {
        confirmation.confirm(position, confirmed -> told.add(position + " " + confirmed));
    }
}
