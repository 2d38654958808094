package io.keyval.store;

import io.keyval.wal.LogIntake;
import io.keyval.wal.Wal;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A leader's log on its way in, and the data that it leads to, beside those that are still served.
 * {@link KeyValueStore#install(FullSync, boolean)} puts them in their place, or else {@link
 * #discard} removes them.
 *
 * <p>One thread at a time adds; any thread may ask how far it is.
 */
public final class FullSync {

    private final LogIntake intake;
    private final Keyspace keyspace;

    FullSync(LogIntake intake, Keyspace keyspace) {
        this.intake = intake;
        this.keyspace = keyspace;
    }

    /**
     * Takes the next bytes of the log; waits while much is to be replayed.
     *
     * @see LogIntake#add
     */
    public void add(ByteBuffer bytes, Runnable replayed) throws IOException {
        try {
            intake.add(bytes, replayed);
        } catch (MemoryExhaustedException e) {
            throw KeyValueStore.tooLarge(intake.file(), e);
        }
    }

    /** Bytes that have come. */
    public long written() {
        return intake.written();
    }

    /** Bytes to come in all, about. */
    public long total() {
        return intake.total();
    }

    /** Gives up; nothing of it is left. Never throws. Not once it is installed. */
    public void discard() {
        intake.discard();
        keyspace.close();
    }

    /** Returns when all is replayed and on disk, and may be served. */
    Wal finish() throws IOException {
        try {
            return intake.finish();
        } catch (MemoryExhaustedException e) {
            throw KeyValueStore.tooLarge(intake.file(), e);
        }
    }

    Keyspace keyspace() {
        return keyspace;
    }
}
