package io.keyval.wal;

import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * One file of a log: the log itself, until a compaction puts another in its place. Cursors that
 * read it then go on to its end; the file stays readable for them until they close it.
 *
 * <p>The writer thread owns the channel; the volatile fields are for everybody.
 */
final class LogFile {

    /**
     * How far a log has come.
     *
     * @param offset behind the last frame, in bytes
     * @param position of the last record
     * @param epoch newest, by value
     */
    record End(long offset, long position, long epoch) {}

    final FileChannel channel;
    final FileHeader header;
    final PositionIndex index;

    /** Where the file is now. */
    volatile Path path;

    /** What is durable by the fsync policy. */
    volatile End end;

    /** Whether another file has taken the place of this one; then {@link #end} is final. */
    volatile boolean replaced;

    LogFile(Path path, FileChannel channel, FileHeader header, PositionIndex index, End end) {
        this.path = path;
        this.channel = channel;
        this.header = header;
        this.index = index;
        this.end = end;
    }
}
