package io.keyval;

import io.keyval.cluster.ClusterException;
import io.keyval.config.InvalidSettingException;
import io.keyval.store.StoreException;
import io.keyval.wal.WalException;
import java.io.FileNotFoundException;
import java.nio.file.AccessDeniedException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.Ordered;
import org.springframework.core.convert.ConversionFailedException;
import org.springframework.util.unit.DataSize;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/** Tells in one sentence why a node cannot start, where the user can do something about it. */
class StartFailureAnalyzer implements FailureAnalyzer, Ordered {

    /** So near to where it was thrown an exception over an SSL bundle has passed its class. */
    private static final int BUNDLE_DEPTH = 8;

    /** Before those of Spring Boot, which write paragraphs. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        @Nullable String binding = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            @Nullable String sentence =
                    switch (cause) {
                        case InvalidSettingException invalid -> invalid.getMessage();
                        case WalException wal -> wal.getMessage();
                        case StoreException store -> store.getMessage();
                        case ClusterException cluster -> cluster.getMessage();
                        case MarkedYAMLException yaml -> malformed(yaml);
                        case NoSuchSslBundleException missing -> missing(missing);
                        case RuntimeException other when isOfBundle(other) -> unusable(other);
                        default -> null;
                    };
            if (sentence != null) {
                return new FailureAnalysis(sentence, null, failure);
            }
            if (cause instanceof BindException bind) {
                binding = sentence(bind);
            }
        }
        return binding == null ? null : new FailureAnalysis(binding, null, failure);
    }

    private static String malformed(MarkedYAMLException yaml) {
        @Nullable Mark mark = yaml.getProblemMark();
        return "A configuration file is not valid YAML: %s%s."
                .formatted(yaml.getProblem(), mark == null ? "" : ", line " + (mark.getLine() + 1));
    }

    private static String missing(NoSuchSslBundleException cause) {
        return "There is no SSL bundle '%1$s': define spring.ssl.bundle.pem.%1$s, or change the setting that names it."
                .formatted(cause.getBundleName());
    }

    /** Spring Boot has no exception of its own for a bundle that cannot be read. */
    private static boolean isOfBundle(RuntimeException cause) {
        return Arrays.stream(cause.getStackTrace())
                .limit(BUNDLE_DEPTH)
                .anyMatch(
                        frame -> frame.getClassName().startsWith("org.springframework.boot.ssl."));
    }

    private static String unusable(RuntimeException cause) {
        Throwable root = NestedExceptionUtils.getMostSpecificCause(cause);
        return "An SSL bundle (spring.ssl.bundle) cannot be used: %s.".formatted(reason(root));
    }

    private static Object reason(Throwable root) {
        return switch (root) {
            // Spring makes it of a NoSuchFileException, with the bare name.
            case FileNotFoundException missing -> "there is no file " + missing.getMessage();
            case AccessDeniedException denied -> "this user may not read " + denied.getFile();
            default -> root.getMessage() == null ? root : root.getMessage();
        };
    }

    private static @Nullable String sentence(BindException bind) {
        @Nullable ConfigurationProperty property = bind.getProperty();
        if (property == null) {
            return null;
        }
        for (Throwable cause = bind; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConversionFailedException conversion) {
                return "%s must be %s, but is '%s'."
                        .formatted(
                                property.getName(),
                                expected(conversion.getTargetType().getType()),
                                property.getValue());
            }
        }
        return null;
    }

    private static String expected(Class<?> type) {
        if (type == int.class
                || type == Integer.class
                || type == long.class
                || type == Long.class) {
            return "a whole number";
        }
        if (type == double.class || type == Double.class) {
            return "a number";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        if (type == Duration.class) {
            return "a time such as 10s";
        }
        if (type == DataSize.class) {
            return "a size such as 64KB";
        }
        if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants())
                    .map(value -> value.toString().toLowerCase(Locale.ROOT).replace('_', '-'))
                    .collect(Collectors.joining(" or "));
        }
        return "a " + type.getSimpleName();
    }
}
