/**
 * The keyspace and the path a write takes: log first, then memory, then the reply.
 *
 * <p>Layer: above {@code wal} and {@code command}, below {@code server}, {@code replication} and
 * {@code cluster}, which reach data through {@link io.keyval.store.KeyValueStore} only.
 *
 * <p>Invariants: nobody reads a write that is not yet durable by the fsync policy; the order in the
 * log, in memory and in the replies is one order. The log's writer thread is the only one that
 * changes the keyspace while the node runs; any thread may read it, without a lock.
 */
@NullMarked
package io.keyval.store;

import org.jspecify.annotations.NullMarked;
