package io.keyval.config;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.unit.DataSize;

/** What settings may be; a value that may not be is told in one sentence. */
final class Check {

    private static final int MOST_SECRET_BYTES = 1024;

    private Check() {}

    static void range(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new InvalidSettingException(
                    "%s must be from %d to %d, but is %d.".formatted(name, least, most, value));
        }
    }

    static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new InvalidSettingException(
                    "%s must be %d or more, but is %d.".formatted(name, least, value));
        }
    }

    static void size(String name, DataSize value, DataSize least, DataSize most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new InvalidSettingException(
                    "%s must be from %s to %s, but is %s."
                            .formatted(name, text(least), text(most), text(value)));
        }
    }

    static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new InvalidSettingException(
                    "%s must be longer than 0, but is %s.".formatted(name, text(value)));
        }
    }

    static void time(String name, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new InvalidSettingException(
                    "%s must be from %s to %s, but is %s."
                            .formatted(name, text(least), text(most), text(value)));
        }
    }

    static void notNegative(String name, Duration value) {
        if (value.isNegative()) {
            throw new InvalidSettingException(
                    "%s must not be negative, but is %s.".formatted(name, text(value)));
        }
    }

    static void notBlank(String name, String value) {
        if (value.isBlank()) {
            throw new InvalidSettingException(
                    name + " must not be empty; leave it out to get its default.");
        }
    }

    /** A secret is said in the one line of a HELLO. */
    static void secret(String name, String value) {
        if (value.chars().anyMatch(Character::isISOControl)) {
            throw new InvalidSettingException(
                    name + " must not hold line ends or other control characters.");
        }
        if (value.getBytes(StandardCharsets.UTF_8).length > MOST_SECRET_BYTES) {
            throw new InvalidSettingException(
                    "%s must not be longer than %d bytes.".formatted(name, MOST_SECRET_BYTES));
        }
    }

    static String text(Duration value) {
        if (value.toMillis() % 1000 == 0) {
            return value.toSeconds() + "s";
        }
        return DurationStyle.SIMPLE.print(value);
    }

    static String text(DataSize value) {
        long bytes = value.toBytes();
        if (bytes != 0 && bytes % (1 << 20) == 0) {
            return value.toMegabytes() + "MB";
        }
        if (bytes != 0 && bytes % 1024 == 0) {
            return value.toKilobytes() + "KB";
        }
        return bytes + "B";
    }
}
