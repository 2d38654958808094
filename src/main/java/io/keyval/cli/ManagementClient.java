package io.keyval.cli;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks nodes over HTTP. May be used by several threads. */
final class ManagementClient implements AutoCloseable {

    private static final JsonMapper JSON = new JsonMapper();

    private final HttpClient client;
    private final Duration patience;
    private final @Nullable String credentials;

    /**
     * @param tls whom to trust; null for those that this Java trusts
     * @param patience how long to wait for a node
     * @param secret shown to a node that asks for it; null to show none
     */
    ManagementClient(@Nullable SSLContext tls, Duration patience, @Nullable String secret) {
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(patience);
        if (tls != null) {
            builder.sslContext(tls);
        }
        this.client = builder.build();
        this.patience = patience;
        this.credentials =
                secret == null
                        ? null
                        : "Basic "
                                + Base64.getEncoder()
                                        .encodeToString(
                                                ("keyval:" + secret)
                                                        .getBytes(StandardCharsets.UTF_8));
    }

    /**
     * GET of a path, as JSON; an answer with status 503 counts as one.
     *
     * @throws UnreachableException when there is none, with a reason of a few words
     */
    JsonNode get(URI node, String path) {
        HttpRequest.Builder request = request(node, path);
        HttpResponse<String> response = send(request.build());
        if ((response.statusCode() == 401 || response.statusCode() == 403) && credentials != null) {
            response = send(request.header("Authorization", credentials).build());
        }
        switch (response.statusCode()) {
            case 200, 503 -> {}
            case 401, 403 ->
                    throw new UnreachableException(
                            credentials == null
                                    ? "asks for a secret: set KEYVAL_SECRET"
                                    : "does not accept KEYVAL_SECRET");
            default ->
                    throw new UnreachableException("answers with status " + response.statusCode());
        }
        JsonNode answer = object(response);
        if (answer == null) {
            throw new UnreachableException("is no keyval node");
        }
        return answer;
    }

    /**
     * GET of a path that may not be there, as JSON, without the secret; null when it is not shown.
     *
     * @throws UnreachableException when there is no answer, with a reason of a few words
     */
    @Nullable JsonNode find(URI node, String path) {
        HttpResponse<String> response = send(request(node, path).build());
        return response.statusCode() == 200 ? object(response) : null;
    }

    private HttpRequest.Builder request(URI node, String path) {
        return HttpRequest.newBuilder(node.resolve(path)).timeout(patience);
    }

    private static @Nullable JsonNode object(HttpResponse<String> response) {
        try {
            JsonNode answer = JSON.readTree(response.body());
            return answer.isObject() ? answer : null;
        } catch (JacksonException e) {
            return null;
        }
    }

    private HttpResponse<String> send(HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (HttpTimeoutException e) {
            throw new UnreachableException("does not answer in time");
        } catch (ConnectException e) {
            throw new UnreachableException(
                    e.getCause() instanceof UnresolvedAddressException
                                    || e.getCause() instanceof ConnectException c
                                            && c.getCause() instanceof UnresolvedAddressException
                            ? "is no known host"
                            : "does not answer");
        } catch (SSLException e) {
            throw new UnreachableException("has no TLS that is trusted: " + e.getMessage());
        } catch (IOException e) {
            throw new UnreachableException("broke the connection");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException("It was interrupted before all nodes answered.");
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
        client.close();
    }
}
