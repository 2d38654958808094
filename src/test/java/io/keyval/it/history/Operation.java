package io.keyval.it.history;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one client did to one key, and what it was told.
 *
 * @param client who; its operations with the same time of call were sent together
 * @param value what PUT wrote or GET read, without spaces; empty when GET found nothing, when its
 *     outcome is unknown, and of DELETE
 * @param called when it was sent, in nanoseconds on the clock of all clients
 * @param place which of those sent together it is, from 0: the store keeps the order of those that
 *     it answers
 * @param returned when its reply came; {@link Long#MAX_VALUE} when its outcome is unknown
 */
public record Operation(
        int client,
        String key,
        Call call,
        String value,
        Outcome outcome,
        long called,
        int place,
        long returned) {

    /** What was asked for. */
    public enum Call {
        PUT,
        GET,
        DELETE
    }

    /** What came back. */
    public enum Outcome {
        /** OK, or the value or nothing that GET found. */
        OK,
        /** Of DELETE: there was nothing. */
        NOT_FOUND,
        /** ERROR, or no reply: it may have happened, and may happen at any time after its call. */
        UNKNOWN
    }

    private static final String NOTHING = "-";
    private static final Pattern TEXT =
            Pattern.compile("(\\d+) (\\S+) ([A-Z]+) (\\S+) ([A-Z_]+) (\\d+)\\+(\\d+) (\\d+|-)");

    /**
     * Reads what {@link #toString} wrote.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public static Operation parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("Not an operation: " + text);
        }
        String value = matcher.group(4);
        String returned = matcher.group(8);
        return new Operation(
                Integer.parseInt(matcher.group(1)),
                matcher.group(2),
                Call.valueOf(matcher.group(3)),
                value.equals(NOTHING) ? "" : value,
                Outcome.valueOf(matcher.group(5)),
                Long.parseLong(matcher.group(6)),
                Integer.parseInt(matcher.group(7)),
                returned.equals(NOTHING) ? Long.MAX_VALUE : Long.parseLong(returned));
    }

    boolean known() {
        return outcome != Outcome.UNKNOWN;
    }

    @Override
    public String toString() {
        return "%d %s %s %s %s %d+%d %s"
                .formatted(
                        client,
                        key,
                        call,
                        value.isEmpty() ? NOTHING : value,
                        outcome,
                        called,
                        place,
                        returned == Long.MAX_VALUE ? NOTHING : Long.toString(returned));
    }
}
