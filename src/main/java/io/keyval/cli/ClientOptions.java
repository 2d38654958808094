package io.keyval.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which node a command talks to as a client, and how. */
final class ClientOptions {

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description = "The node's host (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "5000",
            description = "Its port for clients (default: ${DEFAULT-VALUE}).")
    private int port = 5000;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description = "How long to wait for a reply (default: ${DEFAULT-VALUE}).")
    private int timeout = 30;

    @Option(
            names = "--ask-secret",
            description =
                    "Ask for the client secret, unseen. Otherwise it is taken from"
                            + " KEYVAL_CLIENT_SECRET in the environment, if that is set.")
    private boolean askSecret;

    @Option(names = "--tls", description = "Talk TLS, and check the node's name.")
    private boolean tls;

    @Option(
            names = "--tls-ca",
            paramLabel = "FILE",
            description =
                    "Certificates in PEM to trust, instead of those that this Java trusts."
                            + " Implies --tls.")
    private @Nullable Path authorities;

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "This client's certificate in PEM, where a node asks for one.")
    private @Nullable Path certificate;

    @Option(
            names = "--tls-key",
            paramLabel = "FILE",
            description = "Its private key in PEM, PKCS #8 without a password.")
    private @Nullable Path key;

    /**
     * The node that the options name; asks for the secret where that was asked for.
     *
     * @throws WrongUsageException when the options do not fit together
     */
    NodeAddress node(Terminal terminal) throws IOException {
        if (port < 1 || port > 65535) {
            throw new WrongUsageException("--port must be from 1 to 65535.");
        }
        if (timeout < 1 || timeout > 86_400) {
            throw new WrongUsageException("--timeout must be from 1 to 86400 seconds.");
        }
        if ((certificate == null) != (key == null)) {
            throw new WrongUsageException("--tls-cert and --tls-key belong together.");
        }
        boolean secure = tls || authorities != null || certificate != null;
        return new NodeAddress(
                host,
                port,
                timeout,
                secure ? Tls.context(authorities, certificate, key) : null,
                secret(terminal));
    }

    private byte @Nullable [] secret(Terminal terminal) {
        if (askSecret) {
            char[] typed = terminal.askSecret("Client secret: ");
            if (typed == null || typed.length == 0) {
                throw new RefusedException(
                        "There is no terminal to ask for the secret: set KEYVAL_CLIENT_SECRET.");
            }
            return bytes(new String(typed));
        }
        String set = terminal.environment("KEYVAL_CLIENT_SECRET");
        return set == null || set.isEmpty() ? null : bytes(set);
    }

    private static byte[] bytes(String secret) {
        if (secret.indexOf('\n') >= 0) {
            throw new RefusedException("The client secret must not hold a line break.");
        }
        return secret.getBytes(StandardCharsets.UTF_8);
    }
}
