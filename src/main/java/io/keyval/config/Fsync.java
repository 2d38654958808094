package io.keyval.config;

import java.time.Duration;
import java.util.Locale;
import org.springframework.boot.convert.DurationStyle;

/**
 * When writes are forced to disk: the value of {@code keyval.wal.fsync}.
 *
 * @param kind when
 * @param interval how often, with {@link Kind#INTERVAL}; otherwise zero
 */
public record Fsync(Kind kind, Duration interval) {

    /** When a write is forced. */
    public enum Kind {
        /** Before it is acknowledged. */
        ALWAYS,
        /** Once an interval. */
        INTERVAL,
        /** When the operating system likes. */
        NEVER
    }

    private static final String NAME = "keyval.wal.fsync";

    /** An interval is longer than nothing; the other kinds have none. */
    public Fsync {
        if (kind == Kind.INTERVAL) {
            Check.positive(NAME, interval);
        } else if (!interval.isZero()) {
            throw new IllegalArgumentException("Only an interval has a length");
        }
    }

    /**
     * Reads {@code always}, {@code never} or a duration such as {@code 1s}.
     *
     * @throws InvalidSettingException if it is none of them
     */
    public static Fsync of(String text) {
        String trimmed = text.trim();
        return switch (trimmed.toLowerCase(Locale.ROOT)) {
            case "always" -> new Fsync(Kind.ALWAYS, Duration.ZERO);
            case "never" -> new Fsync(Kind.NEVER, Duration.ZERO);
            default -> new Fsync(Kind.INTERVAL, interval(trimmed));
        };
    }

    private static Duration interval(String text) {
        try {
            return DurationStyle.detectAndParse(text);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new InvalidSettingException(
                    "%s must be always, never or an interval such as 1s, but is '%s'."
                            .formatted(NAME, text));
        }
    }

    /** The setting as it is written: {@code always}, {@code never} or {@code 1s}. */
    @Override
    public String toString() {
        return switch (kind) {
            case ALWAYS -> "always";
            case NEVER -> "never";
            case INTERVAL -> Check.text(interval);
        };
    }
}
