package io.keyval.wal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a log has been read: what may come next, and where positions and epochs are. For one
 * thread.
 */
final class LogCourse {

    private final FileHeader header;
    private final List<Epoch> history = new ArrayList<>();
    private final PositionIndex index = new PositionIndex();
    private long offset = FrameCodec.FILE_HEADER_SIZE;
    private long position;
    private long epoch;
    private long frames;
    private long records;
    private boolean baseClosed;

    /** The course of a log of which only the file header has been read. */
    LogCourse(FileHeader header) {
        this.header = header;
        this.position = header.basePosition();
        this.baseClosed = header.basePosition() == 0;
        if (baseClosed) {
            index.add(1, offset);
        }
    }

    FileHeader header() {
        return header;
    }

    /** Behind the last frame, in bytes. */
    long offset() {
        return offset;
    }

    /** Of the last record. */
    long position() {
        return position;
    }

    /** Of the last frame, 0 before the first. */
    long epoch() {
        return epoch;
    }

    /** Records so far, those of the base included. */
    long records() {
        return records;
    }

    /** Whether records may follow: the base, if there is one, is whole. */
    boolean isBaseClosed() {
        return baseClosed;
    }

    /**
     * Whether a good frame is older than what stands before it. Blocks of a file that was removed
     * can come back at the end of a file that a power cut left too long, and frames can stand
     * inside a value; neither says anything about this place.
     */
    boolean isPast(FrameHeader frame) {
        return baseClosed && isPast(frame, position, epoch);
    }

    static boolean isPast(FrameHeader frame, long position, long epoch) {
        return frame.firstPosition() <= position || frame.epoch() < epoch;
    }

    /** Null when a good header may stand here, or why it may not; a crash cannot bring such. */
    @Nullable String order(FrameHeader frame) {
        return switch (frame.type()) {
            case FrameCodec.RECORDS -> {
                if (!baseClosed) {
                    yield "records stand where the base should be";
                }
                yield frame.firstPosition() != position + 1
                        ? "position %d stands where %d should be"
                                .formatted(frame.firstPosition(), position + 1)
                        : null;
            }
            case FrameCodec.BASE, FrameCodec.HISTORY ->
                    baseClosed || frame.firstPosition() != position
                            ? "a part of a base stands where it should not be"
                            : null;
            default -> "a frame of unknown type %d".formatted(frame.type());
        };
    }

    /** Goes behind a good frame that stands in order; a history frame brings its epochs. */
    void pass(FrameHeader frame, List<Epoch> epochs) {
        if (frame.type() == FrameCodec.HISTORY) {
            history.addAll(epochs);
            baseClosed = true;
            index.add(position + 1, offset + frame.size());
            epoch = history.isEmpty() ? 0 : history.getLast().value();
        } else if (frame.type() == FrameCodec.RECORDS) {
            index.add(frame.firstPosition(), offset);
            if (frame.epoch() != epoch) {
                epoch = frame.epoch();
                history.add(new Epoch(epoch, frame.firstPosition()));
            }
            position = frame.lastPosition();
        }
        frames++;
        records += frame.records();
        offset += frame.size();
    }

    /**
     * What was found, when nothing more is.
     *
     * @param damage what stands behind the last frame, null when that is the end
     */
    ScanResult result(@Nullable Damage damage) {
        return new ScanResult(
                header, offset, position, epoch, history, frames, records, index, damage);
    }
}
