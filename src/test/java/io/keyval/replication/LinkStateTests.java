package io.keyval.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class LinkStateTests {

    private final LinkState state = new LinkState("leader", 5000);

    @Test
    void whenItBreaksForTheSameReasonAgainThenThatIsToldOnce(CapturedOutput output) {
        state.broken("it is away");
        state.broken("it is away");
        state.broken("it is busy");

        assertThat(output.getOut())
                .containsOnlyOnce("No link to the leader leader:5000: it is away. Trying again.")
                .containsOnlyOnce("No link to the leader leader:5000: it is busy. Trying again.");
        assertThat(state.reason()).isEqualTo("it is busy");
        assertThat(state.state()).isEqualTo(LinkStatus.State.CONNECTING);
    }

    @Test
    void whenItWasTakenInMeanwhileThenTheSameReasonIsToldAgain(CapturedOutput output) {
        state.broken("it is away");
        state.joined(LinkStatus.State.STREAMING);
        assertThat(state.reason()).isNull();
        state.broken("it is away");

        assertThat(output.getOut().split("it is away", -1)).hasSize(3);
    }

    @Test
    void whenItIsRefusedThenItStaysSoUntilTheLeaderAnswersAgain() {
        state.refused("no");
        state.connecting();
        assertThat(state.state()).isEqualTo(LinkStatus.State.REFUSED);
        assertThat(state.reason()).isEqualTo("no");

        state.joining();
        state.connecting();
        assertThat(state.state()).isEqualTo(LinkStatus.State.CONNECTING);
    }

    @Test
    void whenAFailureHasACauseThenThatIsTheReason() {
        assertThat(LinkState.reasonOf(new UncheckedIOException(new IOException("no room"))))
                .isEqualTo("no room");
        assertThat(LinkState.reasonOf(new IllegalStateException(new IOException())))
                .isEqualTo("IOException");
    }
}
