/**
 * The log on its way from a leader to its followers.
 *
 * <p>Layer: above {@code store} and {@code protocol}, beside {@code server}, which it does not
 * know: followers come in through {@link io.keyval.protocol.FollowerGate}, and their bytes through
 * the two channels it names.
 *
 * <p>The leader's side: one {@link io.keyval.replication.FollowerSession} a follower, with a cursor
 * in the log and a virtual thread that sends what is durable. The follower's side: one {@link
 * io.keyval.replication.FollowerLink}, which connects, for ever, and one {@link
 * io.keyval.replication.LeaderSession} a connection, which appends what comes. The connection's own
 * thread reads on both sides.
 */
@NullMarked
package io.keyval.replication;

import org.jspecify.annotations.NullMarked;
