package io.keyval.wal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** Takes a log in: its records in order, and the state they lead to. Thread-safe. */
final class Contents implements RecordSink, LiveRecords {

    final List<Entry> records = Collections.synchronizedList(new ArrayList<>());
    private final Map<ByteBuffer, byte[]> state = new TreeMap<>();

    @Override
    public synchronized void put(byte[] key, byte[] value) {
        records.add(new Entry(key, value));
        state.put(ByteBuffer.wrap(key), value);
    }

    @Override
    public synchronized void delete(byte[] key) {
        records.add(new Entry(key, null));
        state.remove(ByteBuffer.wrap(key));
    }

    void add(Entry entry) {
        byte[] value = entry.value();
        if (value == null) {
            delete(entry.key());
        } else {
            put(entry.key(), value);
        }
    }

    /** The state as text, for comparisons. */
    synchronized Map<String, String> state() {
        Map<String, String> text = new TreeMap<>();
        forEach(
                (key, value) -> {
                    Entry entry = new Entry(key, value);
                    text.put(
                            java.util.HexFormat.of().formatHex(key),
                            java.util.HexFormat.of().formatHex(entry.value()));
                });
        return text;
    }

    static Map<String, String> stateOf(List<Entry> entries) {
        Contents contents = new Contents();
        entries.forEach(contents::add);
        return contents.state();
    }

    @Override
    public void forEach(BiConsumer<byte[], byte[]> entry) {
        Map<ByteBuffer, byte[]> copy;
        synchronized (this) {
            copy = new TreeMap<>(state);
        }
        copy.forEach((key, value) -> entry.accept(key.array(), value));
    }

    @Override
    public synchronized long encodedSize() {
        return state.entrySet().stream()
                .mapToLong(e -> Records.putSize(e.getKey().array(), e.getValue()))
                .sum();
    }
}
