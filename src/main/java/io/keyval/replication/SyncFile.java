package io.keyval.replication;

import io.keyval.store.FullSync;
import io.keyval.store.KeyValueStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's log on its way in during a full sync, beside the log that is still served. Tells how
 * far it is, and has the arrays that are replayed used again. One thread writes; any thread may
 * ask.
 */
final class SyncFile {

    private static final Logger log = LoggerFactory.getLogger(Replication.class);

    /** A shorter sync is over before anybody asks for its progress. */
    private static final long TOLD_ABOVE = 64 << 20;

    private final KeyValueStore store;
    private final FullSync sync;
    private final SpareArrays spare;
    private boolean installed;

    /**
     * Creates the file, or empties one that was left behind.
     *
     * @param total bytes to come
     * @param spare takes the arrays of what was replayed
     * @throws IOException when it cannot be created, or there is no room for it
     */
    SyncFile(KeyValueStore store, long total, SpareArrays spare) throws IOException {
        this.store = store;
        this.spare = spare;
        this.sync = store.beginSync(total);
    }

    long written() {
        return sync.written();
    }

    long total() {
        return sync.total();
    }

    /**
     * Takes the next bytes of the log.
     *
     * @param bytes all of an array, which is handed over
     */
    void write(ByteBuffer bytes) throws IOException {
        long total = total();
        long before = written();
        sync.add(bytes, () -> spare.give(bytes.array()));
        long after = written();
        if (total > TOLD_ABOVE && before * 10 / total != after * 10 / total) {
            log.info(
                    "Full sync: {} of {} bytes, {} %.",
                    after, total, Math.min(100, after * 100 / total));
        }
    }

    /**
     * Everything has come: when this returns, it is on disk, in the place of the log, and served.
     *
     * @see KeyValueStore#install(FullSync, boolean)
     */
    @Nullable Path install(boolean setAside) throws IOException {
        installed = true;
        spare.clear();
        return store.install(sync, setAside);
    }

    /** Removes what came, unless it was to be installed. Never throws. */
    void discard() {
        spare.clear();
        if (!installed) {
            sync.discard();
        }
    }
}
