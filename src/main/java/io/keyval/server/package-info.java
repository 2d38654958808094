/**
 * The front door: the TCP port that clients and followers come to.
 *
 * <p>Layer: beside {@code replication}, above {@code store} and {@code protocol}. The way of a
 * request: {@code PeerConnectionFactory} accepts, {@code LineInput} gathers everything that has
 * arrived up to the last line end into one message, {@code HandshakeInterceptor} answers HELLO and
 * lets nothing else pass before, {@code PeerRouter} parts clients from followers by a header,
 * {@code CommandHandler} parses, asks the store and sends the replies of a batch in one write.
 *
 * <p>Threads: one virtual thread a connection reads, waits for the store and writes, so a client
 * that does not read its replies blocks its own thread and is read from no further. Nothing is
 * queued. Replies are in request order because a connection has one thread.
 *
 * <p>Errors: what a peer does wrong is answered or ends its connection and never leaves a stack
 * trace in the log; a failure of the store becomes a reply.
 *
 * <p>Ports are opened by {@code TcpServer.start}, after the store has started, and closed by its
 * stop, before the store stops.
 */
@NullMarked
package io.keyval.server;

import org.jspecify.annotations.NullMarked;
