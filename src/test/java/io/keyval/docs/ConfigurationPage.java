package io.keyval.docs;

import io.keyval.config.KeyvalProperties;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.json.JsonParserFactory;

/**
 * The page of all settings, made of the metadata that the compiler writes and of the comments in
 * the manual, {@code config/*.yml}.
 */
final class ConfigurationPage {

    private static final Path MANUAL = Path.of("config");
    private static final Map<String, String> FILES =
            new LinkedHashMap<>(
                    Map.of(
                            "application.yml", "all",
                            "application-leader.yml", "leader",
                            "application-follower.yml", "follower",
                            "application-cluster.yml", "cluster"));
    private static final Pattern KEY = Pattern.compile("^( *)(# )?([a-z-]+):( \\S+)?$");
    private static final Pattern TOPIC = Pattern.compile("^ {2}(\\S+(?: \\(.*?\\))?) {2,}(.*)$");

    private static final String HEAD =
            """
            # Configuration

            <!-- Written by ConfigurationPageTests from the metadata of the settings and from config/*.yml. -->

            All of Spring's ways work. Of several that say different things the first in this list wins:

            1. the command line: `bin/keyval --keyval.wal.fsync=1s`; five short options too: `--role`, `--id`, `--port`,
               `--leader_host`, `--leader_port`
            2. the environment, in capitals, with `_` for dots and dashes: `KEYVAL_WAL_FSYNC=1s`
            3. files in `/run/secrets/keyval/` that are named like a setting: see [security](security.md#secrets)
            4. `config/application-leader.yml`, `config/application-follower.yml` or `config/application-cluster.yml` in the
               working directory, by the role
            5. `config/application.yml` in the working directory; the one that comes with keyval, in [config/](../config/), holds
               the defaults

            Everything is read once, at start. A wrong value, or a name that is none, ends the start with a sentence that says what to
            change. Sizes are written `64KB`, `1MB`, `2GB` (1 KB is 1024 bytes), times `500ms`, `10s`, `5m`.

            `--spring.profiles.active=leader`, `follower` or `cluster` (`--role`) is the role; without it a node is a leader.

            | setting | values | default | read by | meaning |
            |---|---|---|---|---|
            """;

    /**
     * What the manual says.
     *
     * @param names the settings that share the text
     * @param text the comment, as lines of prose without {@code #}
     */
    private record Entry(List<String> names, List<String> text) {

        String heading() {
            return names.stream().map("`%s`"::formatted).collect(Collectors.joining(", "));
        }
    }

    private final Map<String, Map<?, ?>> metadata = new TreeMap<>();
    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, String> readBy = new TreeMap<>();

    private ConfigurationPage() {}

    /**
     * The page as it has to be.
     *
     * @throws IllegalStateException if a setting is not described, in its metadata or in the manual
     */
    static String text() throws IOException {
        ConfigurationPage page = new ConfigurationPage();
        page.readMetadata();
        for (String file : List.of("application.yml", "application-leader.yml")) {
            page.readManual(file);
        }
        page.readManual("application-follower.yml");
        page.readManual("application-cluster.yml");
        return page.write();
    }

    private void readMetadata() throws IOException {
        try (InputStream in =
                KeyvalProperties.class.getResourceAsStream(
                        "/META-INF/spring-configuration-metadata.json")) {
            if (in == null) {
                throw new IllegalStateException("The compiler wrote no metadata");
            }
            Map<String, Object> all =
                    JsonParserFactory.getJsonParser()
                            .parseMap(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            for (Object entry : (List<?>) all.getOrDefault("properties", List.of())) {
                Map<?, ?> property = (Map<?, ?>) entry;
                String name = (String) property.get("name");
                if (name.startsWith("keyval.")) {
                    metadata.put(name, property);
                }
            }
        }
    }

    private void readManual(String file) throws IOException {
        Deque<String> path = new ArrayDeque<>();
        Deque<Integer> depths = new ArrayDeque<>();
        List<String> comment = new ArrayList<>();
        @Nullable Entry last = null;
        for (String line : Files.readAllLines(MANUAL.resolve(file))) {
            Matcher key = KEY.matcher(line);
            boolean isKey = key.matches() && (key.group(2) == null || !key.group(1).isEmpty());
            if (!isKey) {
                if (line.isBlank()) {
                    comment.clear();
                    last = null;
                } else {
                    comment.add(line.replaceFirst("^ *# ?", ""));
                }
                continue;
            }
            int depth = key.group(1).length();
            while (!depths.isEmpty() && depths.peekLast() >= depth) {
                depths.removeLast();
                path.removeLast();
            }
            depths.addLast(depth);
            path.addLast(key.group(3));
            String name = String.join(".", path);
            boolean isSetting = key.group(4) != null || metadata.containsKey(name);
            if (!isSetting) {
                continue;
            }
            String role = FILES.get(file);
            boolean known = readBy.merge(name, role, (a, b) -> a + ", " + b).contains(", ");
            if (known) {
                tellMore(name, prose(comment));
                comment.clear();
            } else if (comment.isEmpty() && last != null) {
                last.names.add(name);
            } else {
                last = new Entry(new ArrayList<>(List.of(name)), prose(comment));
                entries.add(last);
                comment.clear();
            }
        }
    }

    /** Two roles may have something different to say of the same setting. */
    private void tellMore(String name, List<String> text) {
        for (Entry entry : entries) {
            if (entry.names.contains(name) && !entry.text.containsAll(text)) {
                entry.text.addAll(text);
            }
        }
    }

    /** Joins lines to paragraphs, and lines that begin with an indented word to a list. */
    private static List<String> prose(List<String> comment) {
        List<StringBuilder> parts = new ArrayList<>(List.of(new StringBuilder()));
        for (String line : comment) {
            Matcher topic = TOPIC.matcher(line);
            StringBuilder part = parts.getLast();
            if (topic.matches()) {
                part = new StringBuilder("- `%s`: %s".formatted(topic.group(1), topic.group(2)));
                parts.add(part);
            } else {
                part.append(part.isEmpty() ? "" : " ").append(line.strip());
            }
        }
        return parts.stream()
                .map(StringBuilder::toString)
                .map(String::strip)
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private String write() {
        StringBuilder page = new StringBuilder(HEAD);
        metadata.forEach((name, property) -> page.append(row(name, property)));
        for (Entry entry : entries) {
            page.append("\n## ").append(entry.heading()).append("\n\n");
            if (entry.text.getFirst().isEmpty()) {
                // The name says all, and the table tells it.
                page.append(described(metadata.get(entry.names.getFirst()))).append('\n');
                continue;
            }
            entry.text.forEach(part -> page.append(wrapped(part)));
        }
        return page.toString();
    }

    private String row(String name, Map<?, ?> property) {
        Entry entry =
                entries.stream()
                        .filter(e -> e.names.contains(name))
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new IllegalStateException(
                                                "config/*.yml does not tell of " + name));
        Object value = property.get("defaultValue");
        return "| [`%s`](#%s) | %s | %s | %s | %s |\n"
                .formatted(
                        name,
                        MarkdownPage.anchor(entry.heading()),
                        values((String) property.get("type")),
                        value == null ? "" : "`" + value + "`",
                        readBy.get(name).replace("leader, follower, cluster", "all"),
                        described(property));
    }

    private static String described(@Nullable Map<?, ?> property) {
        String text = property == null ? null : (String) property.get("description");
        if (text == null || text.isBlank()) {
            throw new IllegalStateException("A setting without a description: " + property);
        }
        return text.replace("|", "\\|");
    }

    private static String values(String type) {
        return switch (type) {
            case "java.lang.Integer", "java.lang.Long" -> "whole number";
            case "java.lang.Double" -> "number";
            case "java.lang.Boolean" -> "`true`, `false`";
            case "java.lang.String" -> "text";
            case "java.nio.file.Path" -> "directory";
            case "java.time.Duration" -> "time";
            case "org.springframework.util.unit.DataSize" -> "size";
            case "java.util.List<io.keyval.config.ClusterPeer>" -> "`id@host:port`, commas between";
            case "io.keyval.config.Fsync" -> "`always`, a time, `never`";
            default -> constants(type);
        };
    }

    private static String constants(String type) {
        try {
            return Arrays.stream(Class.forName(type).getEnumConstants())
                    .map(Object::toString)
                    .map(name -> name.toLowerCase(Locale.ROOT).replace('_', '-'))
                    .map("`%s`"::formatted)
                    .collect(Collectors.joining(", "));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("No words for values of " + type, e);
        }
    }

    private static String wrapped(String text) {
        StringBuilder lines = new StringBuilder();
        String indent = text.startsWith("- ") ? "  " : "";
        int column = 0;
        for (String word : text.split(" ")) {
            if (column > 0 && column + 1 + word.length() > 120) {
                lines.append('\n').append(indent);
                column = indent.length();
            } else if (column > 0) {
                lines.append(' ');
                column++;
            }
            lines.append(word);
            column += word.length();
        }
        return lines.append('\n').toString();
    }
}
