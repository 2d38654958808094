package io.keyval.actuate;

import io.keyval.config.KeyvalProperties;
import java.util.Objects;
import java.util.stream.Stream;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.stereotype.Component;

/**
 * Masks secrets in the endpoints that show settings, where somebody exposes those: by their names,
 * and wherever the text of one of keyval's own stands.
 */
@Component
class SecretMask implements SanitizingFunction {

    private final KeyvalProperties properties;
    private final SanitizingFunction byName =
            SanitizingFunction.sanitizeValue()
                    .ifLikelyCredential()
                    .ifLikelySensitiveProperty()
                    .ifVcapServices()
                    .ifKeyContains("secret", "password", "passphrase", "private-key", "privatekey");

    SecretMask(KeyvalProperties properties) {
        this.properties = properties;
    }

    @Override
    public SanitizableData apply(SanitizableData data) {
        return holdsSecret(data.getValue())
                ? data.withSanitizedValue()
                : byName.applyUnlessFiltered(data);
    }

    private boolean holdsSecret(Object value) {
        return value instanceof CharSequence
                && Stream.of(properties.secret(), properties.clientSecret())
                        .filter(Objects::nonNull)
                        .anyMatch(value.toString()::contains);
    }
}
