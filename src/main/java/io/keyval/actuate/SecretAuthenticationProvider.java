package io.keyval.actuate;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.authentication.WebAuthenticationDetails;

/**
 * Knows one user, {@code keyval}, whose password is the shared secret; nobody where there is none.
 * An address that guesses is soon not listened to, see {@link FailedAttempts}. The time it takes
 * does not depend on how much of a password is right, nor on its length.
 */
final class SecretAuthenticationProvider implements AuthenticationProvider {

    private static final String USER = "keyval";

    private final byte @Nullable [] digest;
    private final FailedAttempts failures;

    SecretAuthenticationProvider(@Nullable String secret, FailedAttempts failures) {
        this.digest = secret == null ? null : digest(secret);
        this.failures = failures;
    }

    @Override
    public Authentication authenticate(Authentication authentication) {
        String address =
                authentication.getDetails() instanceof WebAuthenticationDetails details
                        ? details.getRemoteAddress()
                        : "";
        if (!failures.attempt(address, () -> isRight(authentication))) {
            throw new BadCredentialsException("Not the user keyval with the shared secret");
        }
        return UsernamePasswordAuthenticationToken.authenticated(USER, null, List.of());
    }

    private boolean isRight(Authentication authentication) {
        boolean known = USER.equals(authentication.getName());
        byte[] given = digest(String.valueOf(authentication.getCredentials()));
        return digest != null && MessageDigest.isEqual(digest, given) & known;
    }

    @Override
    public boolean supports(Class<?> authentication) {
        return UsernamePasswordAuthenticationToken.class.isAssignableFrom(authentication);
    }

    private static byte[] digest(String text) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
