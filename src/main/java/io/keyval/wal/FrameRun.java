package io.keyval.wal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Frames of a leader on their way into a follower's log: each is checked, and marked with what is
 * durable in the log it goes to. Frames that say nothing new are left out.
 */
final class FrameRun {

    private final LogId id;
    private final ByteBuffer target;
    private final long unforced;
    private final List<Epoch> begun = new ArrayList<>();
    private long position;
    private long epoch;

    /**
     * @param target where the marked frames go, from its position 0
     * @param unforced bytes at the end of the log that are not yet forced
     * @param position of the log's last record
     * @param epoch the log's newest
     */
    FrameRun(LogId id, ByteBuffer target, long unforced, long position, long epoch) {
        this.id = id;
        this.target = target;
        this.unforced = unforced;
        this.position = position;
        this.epoch = epoch;
    }

    /**
     * Takes in whole frames, all of them or none.
     *
     * @return null, or what is wrong with them
     */
    @Nullable String add(ByteBuffer frames) {
        int start = target.position();
        int epochs = begun.size();
        long positionBefore = position;
        long epochBefore = epoch;
        while (frames.hasRemaining()) {
            String wrong = addOne(frames);
            if (wrong != null) {
                target.position(start);
                begun.subList(epochs, begun.size()).clear();
                position = positionBefore;
                epoch = epochBefore;
                return wrong;
            }
        }
        return null;
    }

    private @Nullable String addOne(ByteBuffer frames) {
        int at = frames.position();
        FrameHeader header =
                frames.remaining() < FrameCodec.FRAME_HEADER_SIZE
                        ? null
                        : FrameCodec.decodeFrameHeader(frames, at, id);
        if (header == null || header.size() > frames.remaining()) {
            return "no whole frame of this log at byte %d".formatted(at);
        }
        ByteBuffer body = frames.slice(at + FrameCodec.FRAME_HEADER_SIZE, header.bodyLength());
        if (FrameCodec.crc(body.duplicate()) != header.bodyCrc()) {
            return "the checksum of a frame does not match";
        }
        frames.position(at + (int) header.size());
        if (header.type() != FrameCodec.RECORDS) {
            return "a frame of type %d in the middle of a log".formatted(header.type());
        }
        if (header.count() == 0 && header.epoch() <= epoch) {
            return null;
        }
        if (header.firstPosition() != position + 1 || header.epoch() < epoch) {
            return "position %d of epoch %s came where %d of epoch %s or later is next"
                    .formatted(
                            header.firstPosition(),
                            Epoch.text(header.epoch()),
                            position + 1,
                            Epoch.text(epoch));
        }
        String wrong = FrameCodec.decodeRecords(body.duplicate(), header.count(), Discard.INSTANCE);
        if (wrong != null) {
            return wrong;
        }
        if (header.epoch() != epoch) {
            epoch = header.epoch();
            begun.add(new Epoch(epoch, header.firstPosition()));
        }
        int place = target.position();
        target.position(place + FrameCodec.FRAME_HEADER_SIZE);
        target.put(body);
        FrameCodec.encodeFrameHeader(
                target,
                place,
                id,
                new FrameHeader(
                        header.type(),
                        header.bodyLength(),
                        header.bodyCrc(),
                        header.epoch(),
                        header.firstPosition(),
                        unforced + place,
                        header.count()));
        position = header.lastPosition();
        return null;
    }

    /** Of the last record taken in. */
    long position() {
        return position;
    }

    /** The newest taken in. */
    long epoch() {
        return epoch;
    }

    /** Epochs that begin in what was taken in. */
    List<Epoch> begun() {
        return begun;
    }

    /** Hands out the records of frames that were taken in. */
    static void replay(ByteBuffer frames, RecordSink sink) {
        ByteBuffer rest = frames.duplicate();
        while (rest.hasRemaining()) {
            int at = rest.position();
            int length = rest.getInt(at + 8);
            ByteBuffer body = rest.slice(at + FrameCodec.FRAME_HEADER_SIZE, length);
            FrameCodec.decodeRecords(body, rest.getInt(at + 40), sink);
            rest.position(at + FrameCodec.FRAME_HEADER_SIZE + length);
        }
    }
}
