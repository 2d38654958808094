package io.keyval.cluster;

import java.util.function.Supplier;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Why a shard ended here, and what is done about it: it is closed for good, or, where that helps,
 * opened anew. The first reason counts until it is over, unless the shard ends for good meanwhile;
 * one that fails while it is opened anew is opened once more. Thread-safe; what is done is done by
 * threads of their own.
 */
final class ShardFailure {

    private static final Logger log = LoggerFactory.getLogger(ShardGroup.class);

    private final int shard;
    private final Supplier<RaftServer.@Nullable Division> here;
    private final Runnable closed;
    private @Nullable Runnable mender;
    private volatile @Nullable String reason;
    private volatile boolean mending;
    private boolean failedAgain;

    /**
     * No failure yet.
     *
     * @param here the group that is closed, or null when it was not opened
     * @param closed is told when it was closed for good
     */
    ShardFailure(int shard, Supplier<RaftServer.@Nullable Division> here, Runnable closed) {
        this.shard = shard;
        this.here = here;
        this.closed = closed;
    }

    /**
     * The shard is open. What failed until here is mended from here on, or closed.
     *
     * @param how opens the shard anew, where that helps; run by a thread of its own
     */
    synchronized void mendBy(Runnable how) {
        mender = how;
        if (mending) {
            startMending(how);
        } else if (reason != null) {
            startClosing();
        }
    }

    /** Why the shard ended here, a sentence, or null when it did not. */
    @Nullable String reason() {
        return reason;
    }

    /** Whether it is closed for now, and is opened again by itself when it can be. */
    boolean isMending() {
        return mending;
    }

    /** The shard is about to be opened again: only what fails from here on counts. */
    synchronized void retry() {
        failedAgain = false;
    }

    /** The shard is open again; answers false when it has failed since, and is not. */
    synchronized boolean over() {
        if (failedAgain || !mending) {
            return false;
        }
        reason = null;
        mending = false;
        return true;
    }

    /**
     * The shard cannot go on here, for a reason that is a sentence. Where it was to be opened
     * again, it stays closed.
     */
    synchronized void end(String why) {
        if (reason == null || mending) {
            boolean closing = mending;
            reason = why;
            mending = false;
            log.error("{}", why);
            if (!closing) {
                startClosing();
            }
        }
    }

    /** The shard cannot go on before it is opened anew, for a reason that is a sentence. */
    synchronized void endUntilMended(String why) {
        if (reason == null) {
            reason = why;
            mending = true;
            log.error("{}; it is opened again by itself when that can be", why);
            if (mender != null) {
                startMending(mender);
            }
        } else {
            failedAgain = true;
        }
    }

    private void startMending(Runnable how) {
        Thread.ofPlatform().daemon().name("keyval-mend-" + shard).start(how);
    }

    private void startClosing() {
        RaftServer.Division division = here.get();
        if (division != null) {
            Thread.ofPlatform().daemon().name("keyval-close-" + shard).start(() -> close(division));
        }
    }

    private void close(RaftServer.Division division) {
        division.close();
        closed.run();
    }
}
