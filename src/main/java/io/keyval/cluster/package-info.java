/**
 * A cluster that chooses its own leaders: the profile {@code cluster}, on Apache Ratis.
 *
 * <p>Layer: beside {@code server} and {@code replication}, above {@code store}. Keys are hashed to
 * slots, slots belong to shards, and each shard is a Raft group whose state machine is a {@link
 * io.keyval.store.Replica}. What clients send waits in a {@link io.keyval.cluster.Batcher}, one a
 * shard, whose thread turns it into Raft entries where this node leads, and sends it to the node
 * that leads where it does not. Replies come from the thread that applies the entries.
 *
 * <p>Invariants: a write is answered {@code OK} only when an entry with it was applied here, or at
 * the node it was forwarded to, so a majority has it on disk; a write whose fate is not known is
 * never sent a second time; a batch of one connection is answered in its order.
 */
@NullMarked
package io.keyval.cluster;

import org.jspecify.annotations.NullMarked;
