package io.keyval.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A page of the documentation.
 *
 * <p>A shell block is one fenced as {@code sh}, commands, or as {@code console}, a transcript whose
 * commands stand behind {@code $} and a space. It is executed unless the nearest line above it is
 * the comment {@code <!-- not executed: reason -->}. What a page takes for granted stands in a
 * comment that begins with {@code <!-- given} and holds commands, one a line.
 *
 * @param path the file
 * @param lines its lines
 */
record MarkdownPage(Path path, List<String> lines) {

    private static final Pattern FENCE = Pattern.compile("^( *)```(\\S*).*$");
    private static final Pattern MARK = Pattern.compile("^ *<!-- not executed: (.+) -->$");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]\\n]*\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("^#{1,6} (.*)$");

    /**
     * A fenced block.
     *
     * @param line the number of its first line, counted from 1
     * @param language what stands behind the fence, may be empty
     * @param reason why it is not executed, or null when it is
     * @param lines without the fence and its indentation
     */
    record Block(int line, String language, @Nullable String reason, List<String> lines) {

        boolean isShell() {
            return Set.of("sh", "console", "bash", "shell").contains(language);
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }

    /** README.md and all of docs/, in this order. */
    static List<MarkdownPage> all() throws IOException {
        List<MarkdownPage> pages = new ArrayList<>(List.of(read(Path.of("README.md"))));
        try (Stream<Path> files = Files.list(Path.of("docs"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".md")).sorted().toList()) {
                pages.add(read(file));
            }
        }
        return pages;
    }

    static MarkdownPage read(Path path) throws IOException {
        return new MarkdownPage(path, Files.readAllLines(path));
    }

    List<Block> blocks() {
        List<Block> blocks = new ArrayList<>();
        @Nullable String reason = null;
        for (int i = 0; i < lines.size(); i++) {
            Matcher mark = MARK.matcher(lines.get(i));
            Matcher fence = FENCE.matcher(lines.get(i));
            if (mark.matches()) {
                reason = mark.group(1);
            } else if (fence.matches()) {
                int first = i + 1;
                String indent = fence.group(1);
                List<String> inside = new ArrayList<>();
                for (i++; i < lines.size() && !lines.get(i).strip().equals("```"); i++) {
                    String line = lines.get(i);
                    inside.add(line.startsWith(indent) ? line.substring(indent.length()) : line);
                }
                blocks.add(new Block(first + 1, fence.group(2), reason, List.copyOf(inside)));
                reason = null;
            } else if (!lines.get(i).isBlank()) {
                reason = null;
            }
        }
        return blocks;
    }

    /** The commands that the page takes for granted. */
    List<String> given() {
        List<String> given = new ArrayList<>();
        boolean inside = false;
        for (String line : lines) {
            if (line.equals("<!-- given")) {
                inside = true;
            } else if (line.equals("-->")) {
                inside = false;
            } else if (inside) {
                given.add(line);
            }
        }
        return given;
    }

    /** The targets of all links, but not those of code. */
    List<String> links() {
        List<String> links = new ArrayList<>();
        for (String line : proseLines()) {
            Matcher link = LINK.matcher(line.replaceAll("`[^`]*`", "code"));
            while (link.find()) {
                links.add(link.group(1));
            }
        }
        return links;
    }

    /** What can be linked to behind a {@code #}. */
    Set<String> anchors() {
        Set<String> anchors = new HashSet<>();
        for (String line : proseLines()) {
            Matcher heading = HEADING.matcher(line);
            if (heading.matches()) {
                String anchor = anchor(heading.group(1));
                String free = anchor;
                for (int n = 1; !anchors.add(free); n++) {
                    free = anchor + "-" + n;
                }
            }
        }
        return anchors;
    }

    private List<String> proseLines() {
        List<String> prose = new ArrayList<>();
        boolean code = false;
        for (String line : lines) {
            if (FENCE.matcher(line).matches()) {
                code = !code;
            } else if (!code) {
                prose.add(line);
            }
        }
        return prose;
    }

    /** The name that a heading can be linked by, as those who show Markdown make it. */
    static String anchor(String heading) {
        return heading.toLowerCase(Locale.ROOT)
                .replaceAll("\\[([^\\]]*)\\]\\([^)]*\\)", "$1")
                .replaceAll("[^\\p{L}\\p{N}_ -]", "")
                .replace(' ', '-');
    }
}
