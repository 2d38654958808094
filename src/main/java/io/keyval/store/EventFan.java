package io.keyval.store;

import io.keyval.wal.CompactionResult;
import io.keyval.wal.WalEvents;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** Tells a log's events to all who listen. */
final class EventFan implements WalEvents {

    private final List<WalEvents> listeners;

    EventFan(List<WalEvents> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    private void tell(Consumer<WalEvents> event) {
        listeners.forEach(event);
    }

    @Override
    public void forced(long nanos) {
        tell(listener -> listener.forced(nanos));
    }

    @Override
    public void replaying(Path file, long records, long bytes, long totalBytes) {
        tell(listener -> listener.replaying(file, records, bytes, totalBytes));
    }

    @Override
    public void tornTail(Path file, long offset, long bytes, String what, Path copy) {
        tell(listener -> listener.tornTail(file, offset, bytes, what, copy));
    }

    @Override
    public void stalled(Path file, String reason) {
        tell(listener -> listener.stalled(file, reason));
    }

    @Override
    public void resumed(Path file) {
        tell(listener -> listener.resumed(file));
    }

    @Override
    public void failed(Path file, String reason) {
        tell(listener -> listener.failed(file, reason));
    }

    @Override
    public void compacted(Path file, CompactionResult result) {
        tell(listener -> listener.compacted(file, result));
    }
}
