/**
 * The line protocol: bytes to commands, replies to bytes, and the first line of a connection.
 *
 * <p>Layer: plain Java above {@code command}; no Spring, no I/O, no threads. Requests are lines
 * ended by LF, with one CR before the LF dropped; replies are one line each. Bytes are opaque: any
 * byte but LF may stand in a value, any but LF and space in a key, so nothing here makes a string
 * of what a client sent.
 *
 * <p>Everything is stateless and may be used by any number of threads. {@link
 * io.keyval.protocol.FollowerGate} is the seam between the server, which reads a follower's first
 * line, and replication, which decides about it and owns the connection from then on.
 */
@NullMarked
package io.keyval.protocol;

import org.jspecify.annotations.NullMarked;
