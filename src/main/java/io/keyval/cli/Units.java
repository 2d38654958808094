package io.keyval.cli;

import java.util.Locale;

/** Figures for people. */
final class Units {

    private Units() {}

    /** Bytes with a unit, such as {@code 1.2 MB}. */
    static String bytes(double bytes) {
        String[] units = {"B", "kB", "MB", "GB", "TB"};
        int unit = 0;
        double value = bytes;
        while (value >= 1000 && unit < units.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    }

    /** A whole number with its thousands parted by commas. */
    static String count(double number) {
        return String.format(Locale.ROOT, "%,.0f", number);
    }

    /** A time that is left. */
    static String time(double seconds) {
        long whole = Math.round(seconds);
        return whole < 60
                ? whole + " s"
                : whole < 3600
                        ? "%d min %02d s".formatted(whole / 60, whole % 60)
                        : "%d h %02d min".formatted(whole / 3600, whole / 60 % 60);
    }
}
