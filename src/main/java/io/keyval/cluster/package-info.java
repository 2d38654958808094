/**
 * A cluster that chooses its own leaders: the profile {@code cluster}, on Apache Ratis.
 *
 * <p>Layer: beside {@code server} and {@code replication}, above {@code store}. Keys are hashed to
 * slots, slots belong to shards, and each shard is a Raft group whose state machine is a {@link
 * io.keyval.store.Replica}. What clients send waits in a {@link io.keyval.cluster.Batcher}, one a
 * shard, whose thread turns it into Raft entries where this node leads, and sends it to the node
 * that leads where it does not. Replies come from the thread that applies the entries.
 *
 * <p>A node: {@link io.keyval.cluster.RaftNode} starts and stops it, out of {@link
 * io.keyval.cluster.GroupFormation} and {@link io.keyval.cluster.GroupDirectories} (the groups, and
 * what is on disk of them), {@link io.keyval.cluster.Mending} (a shard whose log failed), {@link
 * io.keyval.cluster.NeighbourWatch}, {@link io.keyval.cluster.Leadership}, {@link
 * io.keyval.cluster.LeaderlessWatch}, {@link io.keyval.cluster.Reconnects} and {@link
 * io.keyval.cluster.Survey}, none of which knows the node. They know its shards: each is a {@link
 * io.keyval.cluster.ShardGroup}, which Ratis and the batcher call, and which leaves to {@link
 * io.keyval.cluster.OwnLog}, {@link io.keyval.cluster.Forwarding} and {@link
 * io.keyval.cluster.NodeMessages} what is sent, to {@link io.keyval.cluster.ReadIndex} what is read
 * without the log, to {@link io.keyval.cluster.Destinations} where commands go, and to {@link
 * io.keyval.cluster.Holders}, {@link io.keyval.cluster.KnownLeader}, {@link
 * io.keyval.cluster.CatchUp}, {@link io.keyval.cluster.Removal} and {@link
 * io.keyval.cluster.ShardFailure} what is known of it. Its {@link
 * io.keyval.cluster.KeyspaceStateMachine} executes what is in the log, with {@link
 * io.keyval.cluster.PendingEntries} of this node, a {@link io.keyval.cluster.SnapshotWriter} and
 * {@link io.keyval.cluster.SnapshotStorage}. {@link io.keyval.cluster.Members} changes who holds
 * and leads the shards; {@link io.keyval.cluster.ShardView} and {@link
 * io.keyval.cluster.KnownNodes} describe what is.
 *
 * <p>Invariants: a write is answered {@code OK} only when an entry with it was applied here, or at
 * the node it was forwarded to, so a majority has it on disk; a write whose fate is not known is
 * never sent a second time; a batch of one connection is answered in its order.
 */
@NullMarked
package io.keyval.cluster;

import org.jspecify.annotations.NullMarked;
