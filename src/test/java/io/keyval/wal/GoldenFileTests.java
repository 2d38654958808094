package io.keyval.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files of format version 1 as they were once written; each must load for ever, with exactly the
 * content in the text beside it. New ones, under new names, are made by {@code
 * -Dkeyval.golden=NAME} with NAME plain or compacted; an existing one is never written over.
 */
class GoldenFileTests {

    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden");

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"version1-plain", "version1-compacted"})
    void whenAFileOfVersion1IsOpenedThenItHoldsWhatWasWrittenAndContinues(String name)
            throws IOException {
        byte[] bytes = Files.readAllBytes(GOLDEN.resolve(name + ".keyvalog"));
        assertThat(describe(bytes)).isEqualTo(Files.readString(GOLDEN.resolve(name + ".txt")));

        Path file = Files.write(directory.resolve("leader.log"), bytes);
        Contents contents = new Contents();
        long position;
        try (Wal wal = Wal.open(file, WalOptions.DEFAULTS, contents)) {
            assertThat(wal.wasTorn()).isFalse();
            position = wal.position();
            assertThat(Group.append(wal, contents, Entry.put("later", "1")))
                    .isEqualTo(position + 1);
        }
        Contents again = new Contents();
        try (Wal wal = Wal.open(file, WalOptions.DEFAULTS, again)) {
            assertThat(wal.position()).isEqualTo(position + 1);
            assertThat(again.records).isEqualTo(contents.records);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "compacted"})
    @EnabledIfSystemProperty(named = "keyval.golden", matches = "plain|compacted")
    void makeAGoldenFile(String kind) throws IOException {
        if (!kind.equals(System.getProperty("keyval.golden"))) {
            return;
        }
        Path file = directory.resolve("leader.log");
        Random random = new Random(kind.length());
        for (int life = 0; life < 3; life++) {
            Contents contents = new Contents();
            try (Wal wal = Wal.open(file, WalOptions.DEFAULTS, contents)) {
                wal.startEpoch();
                for (int i = 0; i < 6; i++) {
                    Entry[] entries = new Entry[1 + random.nextInt(4)];
                    for (int j = 0; j < entries.length; j++) {
                        entries[j] = Entry.random(random);
                    }
                    Group.append(wal, contents, entries);
                }
                if (life == 1 && kind.equals("compacted")) {
                    wal.compact(contents, 0);
                }
            }
        }
        byte[] bytes = Files.readAllBytes(file);
        String name = "version" + FrameCodec.FORMAT_VERSION + "-" + kind;
        Files.createDirectories(GOLDEN);
        Path target = GOLDEN.resolve(name + ".keyvalog");
        assertThat(target).doesNotExist();
        Files.write(target, bytes);
        Files.writeString(GOLDEN.resolve(name + ".txt"), describe(bytes));
    }

    /** All that a reader of a log can see, as text. */
    private String describe(byte[] bytes) throws IOException {
        List<String> lines = new ArrayList<>();
        Path file = Files.write(directory.resolve("described.log"), bytes);
        try (Wal wal = Wal.open(file, WalOptions.DEFAULTS, new Contents())) {
            lines.add("id " + wal.id());
            lines.add("base " + wal.basePosition());
            lines.add("position " + wal.position());
            wal.history().forEach(epoch -> lines.add("epoch " + epoch));
        }
        for (SampleLog.Frame frame : SampleLog.read(bytes).frames()) {
            FrameHeader header = frame.header();
            lines.add(
                    "frame at %d type %d epoch %s first %d count %d unforced %d"
                            .formatted(
                                    frame.start(),
                                    header.type(),
                                    Epoch.text(header.epoch()),
                                    header.firstPosition(),
                                    header.count(),
                                    header.unforced()));
            for (Entry entry : frame.records()) {
                byte[] value = entry.value();
                String key = new String(entry.key(), StandardCharsets.ISO_8859_1);
                lines.add(
                        value == null
                                ? "  delete " + key.replace("\0", "\\0")
                                : "  put %s %s"
                                        .formatted(
                                                key.replace("\0", "\\0"),
                                                HexFormat.of().formatHex(value)));
            }
        }
        return String.join("\n", lines) + "\n";
    }
}
