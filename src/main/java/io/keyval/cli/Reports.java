package io.keyval.cli;

import io.keyval.wal.Epoch;
import io.keyval.wal.LogInspector;
import io.keyval.wal.LogLoss;
import io.keyval.wal.LogReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reports on logs, in words. */
final class Reports {

    private Reports() {}

    /** Reads a log, with a progress bar where somebody sees it. */
    static LogReport verify(Path file, Terminal terminal) throws IOException {
        try (ProgressBar bar = new ProgressBar(terminal)) {
            return LogInspector.verify(file, bar);
        }
    }

    /** The verdict on one line. */
    static String verdict(LogReport report) {
        return switch (report.verdict()) {
            case GOOD -> "%s: good".formatted(report.file());
            case TORN_TAIL ->
                    "%s: good up to offset %d, then a torn tail of %d bytes: %s"
                            .formatted(
                                    report.file(),
                                    report.end(),
                                    report.size() - report.end(),
                                    report.wrong());
            case CORRUPT ->
                    "%s: corrupt at offset %d: %s"
                            .formatted(report.file(), report.end(), report.wrong());
        };
    }

    /** What the good part holds, a line each. */
    static String counts(LogReport report) {
        return """
                 log id         %s
                 bytes          %d good of %d
                 frames         %d
                 records        %d
                 base records   %d
                 base position  %d
                 position       %d
                 epochs         %s
               """
                .formatted(
                        Objects.requireNonNullElse(report.id(), "not readable"),
                        report.end(),
                        report.size(),
                        report.frames(),
                        report.records(),
                        report.baseRecords(),
                        report.basePosition(),
                        report.position(),
                        epochs(report.epochs()));
    }

    /** Epochs with their first positions. */
    static String epochs(List<Epoch> epochs) {
        String all = String.join(" ", epochs.stream().map(Epoch::toString).toList());
        return epochs.size() + (all.isEmpty() ? "" : ": " + all);
    }

    /** What a cut loses, in full sentences. */
    static String loss(LogReport report, LogLoss loss) {
        StringBuilder text =
                new StringBuilder(
                        "Lost by a cut at offset %d: %d bytes."
                                .formatted(report.end(), loss.bytes()));
        text.append(
                " Readable among them: %d frames with %d records%s."
                        .formatted(loss.frames(), loss.records(), positions(loss)));
        if (loss.damagedFrames() > 0) {
            text.append(
                    " Damaged: %d frames that held %d records."
                            .formatted(loss.damagedFrames(), loss.damagedRecords()));
        }
        Long first = loss.first();
        if (first != null && first > report.position() + 1) {
            text.append(
                    " Not readable: what was at positions %d to %d."
                            .formatted(report.position() + 1, first - 1));
        }
        return text.toString();
    }

    private static String positions(LogLoss loss) {
        return loss.first() == null
                ? ""
                : ", positions %d to %d".formatted(loss.first(), loss.last());
    }

    /** All of it for programs. */
    static Map<String, @Nullable Object> json(LogReport report, @Nullable LogLoss loss) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("file", report.file());
        map.put("verdict", report.verdict().name().toLowerCase(Locale.ROOT));
        map.put("wrong", report.wrong());
        map.put("firstBadOffset", report.verdict() == LogReport.Verdict.GOOD ? null : report.end());
        map.put("logId", report.id());
        map.put("bytes", report.size());
        map.put("goodBytes", report.end());
        map.put("frames", report.frames());
        map.put("records", report.records());
        map.put("baseRecords", report.baseRecords());
        map.put("basePosition", report.basePosition());
        map.put("position", report.position());
        map.put(
                "epochs",
                report.epochs().stream()
                        .map(e -> Map.of("epoch", Epoch.text(e.value()), "start", e.start()))
                        .toList());
        if (loss != null) {
            Map<String, @Nullable Object> behind = new LinkedHashMap<>();
            behind.put("bytes", loss.bytes());
            behind.put("frames", loss.frames());
            behind.put("records", loss.records());
            behind.put("firstPosition", loss.first());
            behind.put("lastPosition", loss.last());
            behind.put("damagedFrames", loss.damagedFrames());
            behind.put("damagedRecords", loss.damagedRecords());
            map.put("behind", behind);
        }
        return map;
    }
}
