package io.keyval.wal;

import java.nio.ByteBuffer;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** Something that waits for a log's writer. */
sealed interface LogWork {

    /** What it adds to the log, in bytes. */
    int bytes();

    /** Tells whoever handed it in that it was not done. */
    void refuse(WalException cause);

    /** A group of records. */
    record Append(RecordGroup group) implements LogWork {
        @Override
        public int bytes() {
            return group.encodedSize();
        }

        @Override
        public void refuse(WalException cause) {
            group.refused(cause);
        }
    }

    /** Frames of a leader's log. */
    record Frames(ByteBuffer frames, RecordSink sink, Outcome outcome) implements LogWork {
        @Override
        public int bytes() {
            return frames.remaining();
        }

        @Override
        public void refuse(WalException cause) {
            outcome.refused(cause);
        }
    }

    /** An action on the writer thread, between two writes. */
    record Turn<T>(Callable<T> action, CompletableFuture<T> done) implements LogWork {
        @Override
        public int bytes() {
            return 0;
        }

        @Override
        public void refuse(WalException cause) {
            done.completeExceptionally(cause);
        }

        void run() {
            try {
                done.complete(action.call());
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        }
    }
}
