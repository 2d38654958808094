package io.keyval.actuate;

import org.springframework.security.authentication.LockedException;

/** Whoever asks has tried too many wrong secrets, and is not listened to for a while. */
final class TooManyAttemptsException extends LockedException {

    private static final long serialVersionUID = 1L;

    TooManyAttemptsException() {
        super("Too many wrong secrets; try again in a minute");
    }
}
