/**
 * The web console: one page that shows this node and those it is linked to, and what a person may
 * do there.
 *
 * <p>Layer: the top, beside {@code actuate}; no other package knows it. One thread, {@code
 * console-sampler}, looks at the node every two seconds and keeps what it saw: the state, a bounded
 * history of figures and a bounded feed of events. Requests answer from that memory, so that many
 * viewers cost hardly more than one, and no viewer holds anything on the server.
 *
 * <p>What only shows is open to all; keys and values are not, and are never written anywhere but
 * into the reply.
 */
@NullMarked
package io.keyval.console;

import org.jspecify.annotations.NullMarked;
