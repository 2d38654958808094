package io.keyval.cli;

import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Where a node takes clients, and how they come in.
 *
 * @param timeout seconds to wait for a reply
 * @param tls null for a plain connection
 * @param secret of clients; null to show none
 */
record NodeAddress(
        String host, int port, int timeout, @Nullable SSLContext tls, byte @Nullable [] secret) {

    /** Host and port, without the secret. */
    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
