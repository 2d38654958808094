package io.keyval;

import io.keyval.store.ReplayAbandonedException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringBootExceptionReporter;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.core.io.support.SpringFactoriesLoader.ArgumentResolver;

/**
 * Prints why a node cannot start as one line on the standard error stream, and nothing else. What
 * no analyzer can explain is left to Spring Boot, which logs it with its stack trace. A start that
 * was told to end is no failure, and has been told of.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
class StartFailureReporter implements SpringBootExceptionReporter {

    private final List<FailureAnalyzer> analyzers;

    /**
     * A reporter with all analyzers that can be made so early.
     *
     * @param context null if the start failed before there was one
     */
    StartFailureReporter(@Nullable ConfigurableApplicationContext context) {
        @Nullable ArgumentResolver resolver =
                context == null
                        ? null
                        : ArgumentResolver.of(Environment.class, context.getEnvironment());
        this.analyzers =
                SpringFactoriesLoader.forDefaultResourceLocation(getClass().getClassLoader())
                        .load(FailureAnalyzer.class, resolver, (type, name, failure) -> {});
    }

    @Override
    public boolean reportException(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ReplayAbandonedException) {
                return true;
            }
        }
        for (FailureAnalyzer analyzer : analyzers) {
            @Nullable FailureAnalysis analysis = analyzer.analyze(failure);
            if (analysis != null) {
                System.err.println(line(analysis));
                return true;
            }
        }
        return false;
    }

    private static String line(FailureAnalysis analysis) {
        String text = sentence(analysis.getDescription());
        @Nullable String action = analysis.getAction();
        return action == null || action.isBlank() ? text : text + " " + sentence(action);
    }

    private static String sentence(String text) {
        String line = text.strip().replaceAll("\\s*\\R\\s*", " ");
        return line.matches(".*[.?!]") ? line : line + ".";
    }
}
