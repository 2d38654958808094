package io.keyval.wal;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what a log told, by the names of the events; forces and progress are left out. */
final class RecordedEvents implements WalEvents {

    final List<String> told = new CopyOnWriteArrayList<>();

    @Override
    public void tornTail(Path file, long offset, long bytes, String what, Path copy) {
        told.add("tornTail");
    }

    @Override
    public void stalled(Path file, String reason) {
        told.add("stalled");
    }

    @Override
    public void resumed(Path file) {
        told.add("resumed");
    }

    @Override
    public void failed(Path file, String reason) {
        told.add("failed");
    }

    @Override
    public void compacted(Path file, CompactionResult result) {
        told.add("compacted");
    }
}
