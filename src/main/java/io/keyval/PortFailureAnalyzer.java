package io.keyval;

import java.net.BindException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

/** Tells in one sentence which port, or address, a node could not bind. */
class PortFailureAnalyzer implements FailureAnalyzer, Ordered {

    private final Environment environment;

    PortFailureAnalyzer(Environment environment) {
        this.environment = environment;
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof PortInUseException inUse) {
                return new FailureAnalysis(
                        "Port %d is in use, so there can be no HTTP on it: end the process that has it, or set management.server.port to another one."
                                .formatted(inUse.getPort()),
                        null,
                        failure);
            }
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof BindException bind) {
                return new FailureAnalysis(sentence(bind), null, failure);
            }
        }
        return null;
    }

    private String sentence(BindException bind) {
        String port = environment.getProperty("keyval.port", "5000");
        @Nullable String address = environment.getProperty("keyval.address");
        String message = String.valueOf(bind.getMessage());
        if (message.contains("Permission denied")) {
            return "Port %s is not free to ordinary users: set keyval.port to one above 1023."
                    .formatted(port);
        }
        if (message.contains("assign requested address")) {
            return "This machine has no address %s: set keyval.address to one of its own, or leave it out."
                    .formatted(address);
        }
        return "Port %s is in use: end the process that has it, or set keyval.port to another one."
                .formatted(port);
    }
}
