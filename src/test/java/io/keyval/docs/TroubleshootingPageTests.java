package io.keyval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Whoever sees one of the node's messages for the worst finds it on the page. */
class TroubleshootingPageTests {

    private static final Path SOURCES = Path.of("src/main/java");
    private static final Path PAGE = Path.of("docs/troubleshooting.md");

    /** String literals, joined by plus signs where the formatter broke them. */
    private static final Pattern LITERAL =
            Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"((?:\\s*\\+\\s*\"(?:[^\"\\\\]|\\\\.)*\")*)");

    private static final Pattern PLACEHOLDER =
            Pattern.compile("%(?:\\d+\\$)?[sd]|\\{\\}|\\$[a-z_]+");

    /** Where messages begin, in any file: what is thrown here ends a start. */
    private static final List<String> MARKS =
            List.of("log.error(", "new InvalidSettingException(", "new DataDirectoryException(");

    /** What ends a start, or stands in for a placeholder of the others: file, and words of each. */
    private static final Map<String, List<String>> ALSO =
            Map.ofEntries(
                    Map.entry(
                            "io/keyval/wal/CorruptLogException.java",
                            List.of(
                                    "is damaged at offset",
                                    "Restore it from",
                                    "or cut it there",
                                    "Give this node a new id")),
                    Map.entry(
                            "io/keyval/wal/LogTail.java",
                            List.of(
                                    "writing %s failed",
                                    "forcing %s to disk", "could not be undone")),
                    Map.entry("io/keyval/wal/Wal.java", List.of("was removed or renamed")),
                    Map.entry(
                            "io/keyval/cluster/RaftPort.java",
                            List.of("not open to this user", "in use: end")),
                    Map.entry(
                            "io/keyval/cluster/NeighbourWatch.java",
                            List.of("with data that is not in", "has other nodes")),
                    Map.entry(
                            "io/keyval/cluster/NodeTls.java",
                            List.of("needs a certificate with its key")),
                    Map.entry("io/keyval/cluster/ClusterFile.java", List.of("has the nodes")),
                    Map.entry(
                            "io/keyval/store/MemoryLimit.java",
                            List.of("of the %d MB of keyval.limits", "of the %d MB of heap")),
                    Map.entry(
                            "io/keyval/store/MemoryExhaustedException.java",
                            List.of("does not fit into memory")),
                    Map.entry(
                            "io/keyval/store/KeyValueStore.java",
                            List.of("cannot be replayed", "cannot be read")),
                    Map.entry(
                            "io/keyval/store/Replica.java",
                            List.of("cannot be loaded", "The snapshot %s cannot be read")),
                    Map.entry(
                            "io/keyval/replication/Replication.java",
                            List.of("has been led in epoch")));

    /** Files of which every sentence ends a start. */
    private static final List<String> WHOLE =
            List.of("io/keyval/StartFailureAnalyzer.java", "io/keyval/PortFailureAnalyzer.java");

    @Test
    void whenANodeCanPrintAnErrorThenThePageHasIt() throws IOException {
        assertThat(missing(messages())).isEmpty();
    }

    @Test
    void whenTheLauncherCanFailThenThePageHasItsMessage() throws IOException {
        Matcher fail =
                Pattern.compile("\\bfail \"([^\"]+)\"")
                        .matcher(Files.readString(Path.of("bin/keyval")));
        List<String> messages = fail.results().map(found -> found.group(1)).toList();
        assertThat(messages).hasSizeGreaterThan(2);
        assertThat(missing(messages)).isEmpty();
    }

    private static List<String> missing(Iterable<String> messages) throws IOException {
        List<String> lines = Files.readAllLines(PAGE);
        List<String> missing = new ArrayList<>();
        for (String message : messages) {
            Pattern wanted = pattern(message);
            if (lines.stream().noneMatch(line -> wanted.matcher(line).find())) {
                missing.add(message);
            }
        }
        return missing;
    }

    /** The message with anything in the place of each placeholder. */
    private static Pattern pattern(String template) {
        return Pattern.compile(
                PLACEHOLDER
                        .splitAsStream(template)
                        .map(Pattern::quote)
                        .collect(Collectors.joining(".*?")));
    }

    private static TreeSet<String> messages() throws IOException {
        TreeSet<String> messages = new TreeSet<>();
        List<Path> files;
        try (Stream<Path> walk = Files.walk(SOURCES)) {
            files = walk.filter(file -> file.toString().endsWith(".java")).sorted().toList();
        }
        int marked = 0;
        for (Path file : files) {
            String source = Files.readString(file);
            for (String mark : MARKS) {
                for (int at = source.indexOf(mark); at >= 0; at = source.indexOf(mark, at + 1)) {
                    List<String> found = sentences(source.substring(at, end(source, at)));
                    messages.addAll(found);
                    marked += found.size();
                }
            }
        }
        assertThat(marked).as("messages found behind " + MARKS).isGreaterThan(40);
        for (String file : WHOLE) {
            messages.addAll(sentences(Files.readString(SOURCES.resolve(file))));
        }
        for (Map.Entry<String, List<String>> also : ALSO.entrySet()) {
            List<String> found = sentences(Files.readString(SOURCES.resolve(also.getKey())));
            for (String words : also.getValue()) {
                List<String> meant = found.stream().filter(text -> text.contains(words)).toList();
                assertThat(meant).as(also.getKey() + ": " + words).isNotEmpty();
                messages.addAll(meant);
            }
        }
        return messages;
    }

    /** Where the statement that goes on at {@code from} ends, strings left aside. */
    private static int end(String source, int from) {
        boolean string = false;
        for (int i = from; i < source.length(); i++) {
            char c = source.charAt(i);
            if (string && c == '\\') {
                i++;
            } else if (c == '"') {
                string = !string;
            } else if (c == ';' && !string) {
                return i;
            }
        }
        return source.length();
    }

    /** The literals that are sentences: of four words or more. */
    private static List<String> sentences(String source) {
        List<String> found = new ArrayList<>();
        Matcher literal = LITERAL.matcher(source);
        while (literal.find()) {
            String text = literal.group(1) + literal.group(2).replaceAll("\"\\s*\\+\\s*\"", "\"");
            text =
                    text.replaceAll("\\s*\\+\\s*\"", "\"")
                            .replace("\\\"", "\u0000")
                            .replace("\"", "")
                            .replace('\u0000', '"');
            if (text.strip().split("\\s+").length > 3) {
                found.add(text);
            }
        }
        return found;
    }
}
