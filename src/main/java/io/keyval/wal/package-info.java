/**
 * The write-ahead log: one file, one format, one writer.
 *
 * <p>Layer: plain Java, no Spring. Knows positions, epochs, frames and records, nothing of roles,
 * networks or commands of clients. {@code FrameCodec} is the only class that knows the bytes; its
 * layout is drawn above it.
 *
 * <p>Life of a log: {@code Wal.open} replays the file into a sink and cuts a torn tail; then groups
 * of records are appended, each durable by the fsync policy when its commit is called; cursors read
 * what is durable; a compaction writes a shorter file that says the same and renames it over the
 * old one; {@code Wal.close} seals the end with an empty frame.
 *
 * <p>Threads: one writer thread a log is the only one that touches the file for writing, and nobody
 * interrupts it. Cursors have channels of their own.
 */
@NullMarked
package io.keyval.wal;

import org.jspecify.annotations.NullMarked;
