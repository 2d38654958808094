package io.keyval.wal;

/**
 * What became of something appended. Exactly one of the two is called, once, in the order of the
 * log, by the log's writer thread (or, when the log is closed already, by the thread that appends).
 * Neither may block or throw.
 */
public interface Outcome {

    /**
     * It is in the log, durable by the fsync policy, and may now be seen by readers.
     *
     * @param position of a group, the position of its first record; of frames, of their last
     */
    void committed(long position);

    /** It is not in the log, or nobody can know whether it is. */
    void refused(WalException cause);
}
