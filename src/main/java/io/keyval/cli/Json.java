package io.keyval.cli;

import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Maps, collections, numbers, booleans and texts as JSON on one line. */
final class Json {

    private Json() {}

    static String of(@Nullable Object value) {
        StringBuilder target = new StringBuilder();
        add(value, target);
        return target.toString();
    }

    private static void add(@Nullable Object value, StringBuilder target) {
        switch (value) {
            case null -> target.append("null");
            case Number number -> target.append(number);
            case Boolean bool -> target.append(bool);
            case Map<?, ?> map -> {
                String separator = "{";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    target.append(separator);
                    Text.quote(String.valueOf(entry.getKey()), target);
                    target.append(':');
                    add(entry.getValue(), target);
                    separator = ",";
                }
                target.append(map.isEmpty() ? "{}" : "}");
            }
            case Collection<?> all -> {
                target.append('[');
                String separator = "";
                for (Object one : all) {
                    target.append(separator);
                    add(one, target);
                    separator = ",";
                }
                target.append(']');
            }
            default -> Text.quote(value.toString(), target);
        }
    }
}
