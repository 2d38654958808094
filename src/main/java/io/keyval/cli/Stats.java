package io.keyval.cli;

import io.keyval.wal.LogFrame;
import io.keyval.wal.LogInspector;
import io.keyval.wal.LogReport;
import io.keyval.wal.Records;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Counts what a log holds. Keeps every live key in memory, and no value. */
final class Stats implements LogInspector.Visitor {

    private final ProgressBar bar;
    private final Map<ByteBuffer, Long> live = new HashMap<>();
    private final TreeMap<Integer, Long> sizes = new TreeMap<>();
    private long puts;
    private long deletes;
    private long base;
    private long frames;
    private long emptyFrames;
    private long smallest = Long.MAX_VALUE;
    private long largest;
    private long frameBytes;
    private long liveBytes;

    Stats(ProgressBar bar) {
        this.bar = bar;
    }

    @Override
    public void frame(LogFrame frame) {
        frames++;
        emptyFrames += frame.count() == 0 && frame.kind() == LogFrame.Kind.RECORDS ? 1 : 0;
        smallest = Math.min(smallest, frame.size());
        largest = Math.max(largest, frame.size());
        frameBytes += frame.size();
        sizes.merge(64 - Long.numberOfLeadingZeros(frame.size() - 1), 1L, Long::sum);
    }

    @Override
    public void put(LogFrame frame, long position, byte[] key, byte[] value) {
        if (frame.kind() == LogFrame.Kind.BASE) {
            base++;
        } else {
            puts++;
        }
        long size = Records.putSize(key, value);
        Long before = live.put(ByteBuffer.wrap(key), size);
        liveBytes += size - (before == null ? 0 : before);
    }

    @Override
    public void delete(LogFrame frame, long position, byte[] key) {
        deletes++;
        Long before = live.remove(ByteBuffer.wrap(key));
        liveBytes -= before == null ? 0 : before;
    }

    @Override
    public void progress(long offset, long size) {
        bar.progress(offset, size);
    }

    String text(LogReport report) {
        StringBuilder text =
                new StringBuilder(
                        """
                          base position  %d
                          position       %d
                          records        %d puts, %d deletes, %d in the base
                          live           %d keys, %d bytes as records
                          epochs         %s
                          bytes          %d good of %d
                          frames         %d (%d empty), %d to %d bytes, %d on average
                        """
                                .formatted(
                                        report.basePosition(),
                                        report.position(),
                                        puts,
                                        deletes,
                                        base,
                                        live.size(),
                                        liveBytes,
                                        Reports.epochs(report.epochs()),
                                        report.end(),
                                        report.size(),
                                        frames,
                                        emptyFrames,
                                        frames == 0 ? 0 : smallest,
                                        largest,
                                        frames == 0 ? 0 : frameBytes / frames));
        sizes.forEach(
                (bits, count) ->
                        text.append("    up to %11d bytes: %d%n".formatted(1L << bits, count)));
        return text.toString();
    }

    Map<String, @Nullable Object> json(LogReport report) {
        Map<String, @Nullable Object> map = Reports.json(report, null);
        map.put("puts", puts);
        map.put("deletes", deletes);
        map.put("liveKeys", live.size());
        map.put("liveBytes", liveBytes);
        map.put("emptyFrames", emptyFrames);
        map.put("smallestFrame", frames == 0 ? 0 : smallest);
        map.put("largestFrame", largest);
        Map<String, @Nullable Object> histogram = new LinkedHashMap<>();
        sizes.forEach((bits, count) -> histogram.put(String.valueOf(1L << bits), count));
        map.put("framesUpToBytes", histogram);
        return map;
    }
}
