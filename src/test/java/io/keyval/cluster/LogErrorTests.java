package io.keyval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** When a log that cannot be written is good up to what could not. */
class LogErrorTests {

    @Test
    void whenThereIsNoRoomThenThatIsTheReason() {
        LogError error = LogError.of(new IOException("No space left on device"));
        assertThat(error).isEqualTo(new LogError("No space left on device", true));
        assertThat(LogError.of(new IOException("Disk quota exceeded")).isForWantOfRoom()).isTrue();
    }

    @Test
    void whenRatisWrapsTheCauseThenTheFirstOneCounts() {
        IOException cause = new IOException("No space left on device");
        LogError error =
                LogError.of(new CompletionException(new IllegalStateException("failed", cause)));
        assertThat(error).isEqualTo(new LogError("No space left on device", true));
    }

    @Test
    void whenTheCauseNamesAFileThenTheReasonOfTheSystemDecides() {
        FileSystemException noRoom =
                new FileSystemException("log_1", null, "No space left on device");
        assertThat(LogError.of(noRoom))
                .isEqualTo(new LogError("log_1: No space left on device", true));
        FileSystemException other = new FileSystemException("No space left", null, "I/O error");
        assertThat(LogError.of(other).isForWantOfRoom()).isFalse();
    }

    @Test
    void whenAForceFailsThenTheLogCannotBeReliedOnWhateverTheReason() {
        Throwable failed = catchThrowable(LogErrorTests::force);
        assertThat(LogError.of(failed)).isEqualTo(new LogError("No space left on device", false));
    }

    private static void force() throws IOException {
        throw new IOException("No space left on device");
    }

    @Test
    void whenItIsAnotherFailureThenTheLogCannotBeReliedOn() {
        assertThat(LogError.of(new IOException("Input/output error")))
                .isEqualTo(new LogError("Input/output error", false));
        assertThat(LogError.of(new IllegalStateException("No space left on device")))
                .isEqualTo(new LogError("No space left on device", false));
    }

    @Test
    void whenTheCauseSaysNothingThenItsTypeIsTheReason() {
        assertThat(LogError.of(new IOException()))
                .isEqualTo(new LogError("java.io.IOException", false));
    }
}
