package io.keyval.wal;

import java.nio.file.Path;

/**
 * Something in a log that was acknowledged is damaged. Nothing was changed; the message names the
 * file, the offset and what to do.
 */
public final class CorruptLogException extends WalException {

    private static final long serialVersionUID = 1L;

    private final long offset;
    private final String what;

    CorruptLogException(Path file, long offset, String what) {
        this("log", file, offset, what, remedy(file, offset, what));
    }

    private CorruptLogException(String kind, Path file, long offset, String what, String remedy) {
        super(
                "The %s %s is damaged at offset %d: %s. Nothing was changed. %s"
                        .formatted(kind, file, offset, what, remedy),
                null);
        this.offset = offset;
        this.what = what;
    }

    /** Of a snapshot that cannot be used. */
    static CorruptLogException ofSnapshot(Path file, long offset, String what) {
        return new CorruptLogException(
                "snapshot",
                file,
                offset,
                what,
                "Give this node a new id and an empty data directory; the other nodes send it the data.");
    }

    private static String remedy(Path file, long offset, String what) {
        String restore = "Restore it from a backup or from another node";
        return offset < FrameCodec.FILE_HEADER_SIZE || what.endsWith(Damage.IN_BASE)
                ? restore + "."
                : restore + ", or cut it there with 'log repair %s'.".formatted(file);
    }

    /** The first offset, in bytes from the start of the file, that cannot be trusted. */
    public long offset() {
        return offset;
    }

    /** What is wrong there, in a few words. */
    String what() {
        return what;
    }
}
