package io.keyval;

import java.net.BindException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.boot.web.server.WebServerException;
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
        boolean http = false;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            http |= cause instanceof WebServerException;
            if (cause instanceof PortInUseException) {
                return new FailureAnalysis(sentence(true, "in use"), null, failure);
            }
            if (cause instanceof BindException bind) {
                String sentence = sentence(http, String.valueOf(bind.getMessage()));
                return new FailureAnalysis(sentence, null, failure);
            }
        }
        return null;
    }

    private String sentence(boolean http, String reason) {
        String prefix = http ? "server" : "keyval";
        String setting = http ? "management.server.port" : "keyval.port";
        @Nullable String port = environment.getProperty(prefix + ".port");
        if (port == null) {
            port = "5000";
        }
        if (reason.contains("Permission denied")) {
            return "Port %s is not open to this user: set %s to one above 1023."
                    .formatted(port, setting);
        }
        if (reason.contains("assign requested address")) {
            return "This machine has no address %s: set %s to one of its own, or leave it out."
                    .formatted(
                            environment.getProperty(prefix + ".address"),
                            http ? "management.server.address" : "keyval.address");
        }
        return "Port %s is in use: end the process that has it, or set %s to another one."
                .formatted(port, setting);
    }
}
