package io.keyval.console;

import io.keyval.wal.CompactionResult;
import io.keyval.wal.WalEvents;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.List;
import org.springframework.stereotype.Component;

/** The newest events of this node, in order. Thread-safe; nobody waits here for long. */
@Component
class EventFeed implements WalEvents {

    static final int CAPACITY = 200;

    private final Clock clock = Clock.systemUTC();
    private final ArrayDeque<Event> events = new ArrayDeque<>();
    private long last;

    synchronized void add(Event.Level level, String text) {
        if (events.size() == CAPACITY) {
            events.removeFirst();
        }
        events.addLast(new Event(++last, clock.millis(), level, text));
    }

    /** Those behind the event {@code seq} that are still kept, oldest first. */
    synchronized List<Event> after(long seq) {
        return events.stream().filter(event -> event.seq() > seq).toList();
    }

    @Override
    public void tornTail(Path file, long offset, long bytes, String what, Path copy) {
        add(
                Event.Level.WARNING,
                "The end of the log was torn: %,d bytes that were never acknowledged were cut off and kept in %s."
                        .formatted(bytes, copy.getFileName()));
    }

    @Override
    public void stalled(Path file, String reason) {
        add(Event.Level.ERROR, "Writes fail: %s.".formatted(reason));
    }

    @Override
    public void resumed(Path file) {
        add(Event.Level.GOOD, "Writes succeed again.");
    }

    @Override
    public void failed(Path file, String reason) {
        add(
                Event.Level.ERROR,
                "The log takes no more writes until the next start: %s.".formatted(reason));
    }

    @Override
    public void compacted(Path file, CompactionResult result) {
        add(
                Event.Level.INFO,
                "Compacted the log from %s to %s in %,d ms; writers waited %,d ms."
                        .formatted(
                                size(result.bytesBefore()),
                                size(result.bytesAfter()),
                                result.took().toMillis(),
                                result.pause().toMillis()));
    }

    private static String size(long bytes) {
        if (bytes < 10_000) {
            return "%,d bytes".formatted(bytes);
        }
        return bytes < 10_000_000
                ? "%,d KB".formatted(bytes >> 10)
                : "%,d MB".formatted(bytes >> 20);
    }
}
