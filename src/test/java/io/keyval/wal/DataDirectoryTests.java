package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTests {

    @TempDir Path directory;

    @Test
    void whenAFileIsInTheWayThenTheMessageSaysSo() throws Exception {
        Path file = Files.createFile(directory.resolve("data"));
        assertThatThrownBy(() -> DataDirectory.open(file))
                .isInstanceOf(DataDirectoryException.class)
                .hasMessage(
                        "The data directory %s cannot be written (%s is no directory); give this user the rights to it, or set keyval.data-dir to another directory.",
                        file, file);
    }

    @Test
    void whenTheDirectoryCannotBeMadeThenTheMessageNamesWhatIsMissing() {
        assertThatThrownBy(() -> DataDirectory.open(Path.of("/proc/none/data")))
                .isInstanceOf(DataDirectoryException.class)
                .hasMessageContaining("(/proc/none is not there)");
    }

    @Test
    void whenAnotherHoldsItThenTheMessageSaysSo() {
        DataDirectory held = DataDirectory.open(directory);
        try {
            assertThatThrownBy(() -> DataDirectory.open(directory))
                    .isInstanceOf(DataDirectoryException.class)
                    .hasMessageContaining("is in use by another keyval process");
        } finally {
            held.close();
        }
        DataDirectory.open(directory).close();
    }
}
