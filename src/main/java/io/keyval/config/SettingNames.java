package io.keyval.config;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/** The names of all settings that keyval has, read from its properties records. */
public final class SettingNames {

    private static final List<Class<?>> RECORDS =
            List.of(KeyvalProperties.class, WalProperties.class);

    private static final List<ConfigurationPropertyName> NAMES = names();

    private SettingNames() {}

    /** All names, in the spelling of the manual, such as {@code keyval.limits.max-key-size}. */
    public static List<String> all() {
        return NAMES.stream().map(ConfigurationPropertyName::toString).sorted().toList();
    }

    /** Whether the name, in any spelling that Spring understands, is one of keyval's settings. */
    public static boolean contains(String name) {
        ConfigurationPropertyName sought = ConfigurationPropertyName.adapt(name, '.');
        return NAMES.stream().anyMatch(known -> known.equals(sought) || known.isAncestorOf(sought));
    }

    /** The setting whose name looks most like the given one. */
    public static String nearest(String name) {
        return all().stream()
                .min(Comparator.comparingInt(known -> distance(known, name)))
                .orElseThrow();
    }

    private static List<ConfigurationPropertyName> names() {
        List<ConfigurationPropertyName> names = new ArrayList<>();
        for (Class<?> type : RECORDS) {
            ConfigurationProperties annotation = type.getAnnotation(ConfigurationProperties.class);
            collect(ConfigurationPropertyName.of(annotation.value()), type, names);
        }
        return List.copyOf(names);
    }

    private static void collect(
            ConfigurationPropertyName prefix,
            Class<?> type,
            List<ConfigurationPropertyName> names) {
        for (RecordComponent component : type.getRecordComponents()) {
            ConfigurationPropertyName name = prefix.append(kebab(component.getName()));
            if (component.getType().isRecord() && component.getType().isMemberClass()) {
                collect(name, component.getType(), names);
            } else {
                names.add(name);
            }
        }
    }

    private static String kebab(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
