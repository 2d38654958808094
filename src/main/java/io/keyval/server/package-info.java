/**
 * The front door: the TCP port that clients and followers come to.
 *
 * <p>Layer: beside {@code replication}, above {@code store} and {@code protocol}. The way of a
 * request: {@code PeerConnectionFactory} accepts on Netty's event loops, {@code PeerHandler} and
 * {@code LineInput} gather everything that has arrived up to the last line end into one message,
 * {@code HandshakeInterceptor} answers HELLO and lets nothing else pass before, {@code PeerRouter}
 * parts clients from followers by a header, {@code CommandHandler} parses, asks the store and sends
 * the replies of a batch in one write. From the connection on these are Spring Integration's
 * messages, channels and adapters.
 *
 * <p>Threads: an event loop has many connections and never waits. A client whose batch is with the
 * store, or that does not read its replies, is held: nothing more of it is delivered, and soon
 * nothing more is read. Replies are in request order because a connection has one batch at a time.
 * A follower has a virtual thread of its own, which may block.
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
