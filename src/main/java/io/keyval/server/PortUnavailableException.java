package io.keyval.server;

import java.io.IOException;

/** The port for clients and followers cannot be opened. */
public final class PortUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int port;

    PortUnavailableException(String address, int port, IOException cause) {
        super("Cannot listen on %s:%d: %s".formatted(address, port, cause.getMessage()), cause);
        this.port = port;
    }

    /** The port that was asked for. */
    public int port() {
        return port;
    }
}
