package io.keyval.cli;

import io.keyval.wal.Epoch;
import io.keyval.wal.LogFrame;
import io.keyval.wal.LogInspector;
import java.io.PrintStream;
import java.util.Locale;

/** Prints records, one a line: position, epoch, kind, key and value, with tabs between. */
final class Dump implements LogInspector.Visitor {

    private static final int BUFFER = 1 << 16;

    /**
     * @param json JSON objects instead of tabs
     * @param frames frames too
     * @param from the lowest position that is printed
     * @param to the highest
     */
    record Format(boolean json, boolean frames, long from, long to) {}

    private final PrintStream out;
    private final Format format;
    private final StringBuilder text = new StringBuilder(BUFFER + 1024);

    Dump(PrintStream out, Format format) {
        this.out = out;
        this.format = format;
    }

    @Override
    public void frame(LogFrame frame) {
        if (!format.frames()) {
            return;
        }
        String kind = frame.kind().name().toLowerCase(Locale.ROOT);
        String template =
                format.json()
                        ? "{\"frame\":\"%s\",\"offset\":%d,\"size\":%d,\"epoch\":\"%s\",\"position\":%d,\"records\":%d,\"unforced\":%d}"
                        : "# frame %s offset=%d size=%d epoch=%s position=%d records=%d unforced=%d";
        text.append(
                template.formatted(
                        kind,
                        frame.offset(),
                        frame.size(),
                        Epoch.text(frame.epoch()),
                        frame.firstPosition(),
                        frame.count(),
                        frame.unforced()));
        endLine();
    }

    @Override
    public void put(LogFrame frame, long position, byte[] key, byte[] value) {
        if (isWanted(position)) {
            begin(frame, position, frame.kind() == LogFrame.Kind.BASE ? "base" : "put");
            add("key", key);
            add("value", value);
            end();
        }
    }

    @Override
    public void delete(LogFrame frame, long position, byte[] key) {
        if (isWanted(position)) {
            begin(frame, position, "delete");
            add("key", key);
            end();
        }
    }

    private boolean isWanted(long position) {
        return position >= format.from() && position <= format.to();
    }

    private void begin(LogFrame frame, long position, String kind) {
        String epoch = Epoch.text(frame.epoch());
        if (format.json()) {
            text.append("{\"position\":").append(position);
            text.append(",\"epoch\":\"").append(epoch);
            text.append("\",\"kind\":\"").append(kind).append('"');
        } else {
            text.append(position).append('\t').append(epoch).append('\t').append(kind);
        }
    }

    private void add(String name, byte[] bytes) {
        if (format.json()) {
            text.append(',');
            Text.json(name, bytes, text);
        } else {
            text.append('\t');
            Text.escape(bytes, text);
        }
    }

    private void end() {
        if (format.json()) {
            text.append('}');
        }
        endLine();
    }

    private void endLine() {
        text.append('\n');
        if (text.length() > BUFFER) {
            flush();
        }
    }

    /** Hands over what is gathered. */
    void flush() {
        out.print(text);
        text.setLength(0);
        if (out.checkError()) {
            throw new OutputClosedException();
        }
    }
}
