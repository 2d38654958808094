package io.keyval.actuate;

import io.keyval.replication.PromotionException;
import io.keyval.replication.Replication;
import io.keyval.store.StoreException;
import io.keyval.wal.WalException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.MissingServletRequestParameterException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;

/**
 * Changes the role of this node, below the path of the replication endpoint and under its rules of
 * access. It is no operation of the endpoint, because those take parameters from a JSON body only.
 *
 * <p>Answers with the state of replication behind the change, with status 409 and the reason if it
 * cannot be done, with 503 while the log is replayed, and with 400 if the request does not say what
 * it should.
 */
@RestController
@Profile("!cluster")
@RequestMapping("${management.endpoints.web.base-path:/actuator}/replication")
class RoleController {

    private final Replication replication;
    private final ReplicationEndpoint endpoint;

    RoleController(Replication replication, ReplicationEndpoint endpoint) {
        this.replication = replication;
        this.endpoint = endpoint;
    }

    /**
     * Makes this follower the leader.
     *
     * @param force also where it is not caught up
     */
    @PostMapping("/promote")
    ReplicationReport promote(@RequestParam(defaultValue = "false") boolean force) {
        refuseBeforeStart();
        replication.promote(force);
        return endpoint.report(false);
    }

    /**
     * Makes this node follow the leader at the given host and port.
     *
     * @param id to follow under; this node's own when not given
     */
    @PostMapping("/follow")
    ReplicationReport follow(
            @RequestParam String host,
            @RequestParam int port,
            @RequestParam(required = false) @Nullable Integer id) {
        if (host.isBlank() || port < 1 || port > 65535) {
            throw new IllegalArgumentException(
                    "A leader has a host, and a port from 1 to 65535: follow?host=HOST&port=PORT.");
        }
        refuseBeforeStart();
        replication.follow(host, port, id);
        return endpoint.report(false);
    }

    /** HTTP is open before replication is. */
    private void refuseBeforeStart() {
        if (!replication.isRunning()) {
            throw new StoreException("This node has not started yet, or stops.");
        }
    }

    @ExceptionHandler
    @ResponseStatus(HttpStatus.SERVICE_UNAVAILABLE)
    Map<String, String> notYet(StoreException cause) {
        return Map.of("error", String.valueOf(cause.getMessage()));
    }

    @ExceptionHandler({PromotionException.class, WalException.class})
    @ResponseStatus(HttpStatus.CONFLICT)
    Map<String, String> refused(RuntimeException cause) {
        return Map.of("error", String.valueOf(cause.getMessage()));
    }

    @ExceptionHandler
    @ResponseStatus(HttpStatus.BAD_REQUEST)
    Map<String, String> incomplete(MissingServletRequestParameterException cause) {
        return Map.of("error", "The parameter %s is missing.".formatted(cause.getParameterName()));
    }

    @ExceptionHandler
    @ResponseStatus(HttpStatus.BAD_REQUEST)
    Map<String, String> mistyped(MethodArgumentTypeMismatchException cause) {
        return Map.of(
                "error",
                "The parameter %s must be %s, but is '%s'."
                        .formatted(
                                cause.getName(),
                                cause.getRequiredType() == boolean.class
                                        ? "true or false"
                                        : "a number",
                                cause.getValue()));
    }

    @ExceptionHandler
    @ResponseStatus(HttpStatus.BAD_REQUEST)
    Map<String, String> malformed(IllegalArgumentException cause) {
        return Map.of("error", String.valueOf(cause.getMessage()));
    }
}
