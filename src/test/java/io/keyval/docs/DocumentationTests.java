package io.keyval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every page; {@code DocumentationIT} runs their commands. */
class DocumentationTests {

    static Stream<MarkdownPage> pages() throws IOException {
        return MarkdownPage.all().stream();
    }

    @ParameterizedTest
    @MethodSource("pages")
    void whenThereIsAShellBlockThenItIsExecutedOrSaysWhyNot(MarkdownPage page) {
        List<String> unclear = new ArrayList<>();
        for (MarkdownPage.Block block : page.blocks()) {
            String where = page.path() + ":" + block.line();
            boolean commands =
                    block.lines().stream()
                            .anyMatch(
                                    line ->
                                            line.matches(
                                                    "(\\$ )?(bin/keyval|java|curl|nc|printf|openssl|docker|helm|kubectl|\\./mvnw) .*"));
            if (block.isShell() || commands) {
                if (!List.of("sh", "console").contains(block.language())) {
                    unclear.add(where + " holds commands and is fenced as neither sh nor console");
                } else if (block.reason() == null
                        && block.language().equals("console")
                        && block.lines().stream().noneMatch(line -> line.startsWith("$ "))) {
                    unclear.add(where + " is a transcript without a command");
                }
            }
        }
        assertThat(unclear).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("pages")
    void whenAPageLinksThenThereIsWhatItLinksTo(MarkdownPage page) throws IOException {
        List<String> dead = new ArrayList<>();
        for (String link : page.links()) {
            if (link.contains("://")) {
                continue;
            }
            String[] parts = link.split("#", 2);
            Path target =
                    parts[0].isEmpty()
                            ? page.path()
                            : page.path().resolveSibling(parts[0]).normalize();
            if (!Files.exists(target)
                    || parts.length == 2
                            && !MarkdownPage.read(target).anchors().contains(parts[1])) {
                dead.add(link);
            }
        }
        assertThat(dead).as("dead links of " + page.path()).isEmpty();
    }

    @Test
    void whenThereIsAPageThenTheIndexLinksToIt() throws IOException {
        MarkdownPage index = MarkdownPage.read(Path.of("docs/README.md"));
        try (Stream<Path> files = Files.list(Path.of("docs"))) {
            List<String> pages =
                    files.map(Path::getFileName)
                            .map(Path::toString)
                            .filter(name -> name.endsWith(".md") && !name.equals("README.md"))
                            .toList();
            assertThat(index.links()).containsAll(pages);
        }
    }
}
