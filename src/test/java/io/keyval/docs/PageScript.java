package io.keyval.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a page as one Bash script.
 *
 * <p>A command that ends in {@code &} is a node, and the next one waits until it has started. A
 * transcript of {@code nc HOST PORT} is a talk: what begins with a verb was typed, the rest are
 * replies. In what is printed, {@code ...} stands for anything, a line of its own for any lines,
 * and any space for any number of spaces.
 */
final class PageScript {

    private static final Pattern TYPED =
            Pattern.compile("(HELLO CLIENT|(PUT|GET|DELETE) |(PING|CLOSE)$).*");

    /**
     * Something to run.
     *
     * @param line where it stands
     * @param command in Bash
     * @param expected what it prints, or null where it only has to succeed
     */
    record Step(int line, String command, @Nullable List<String> expected) {

        int nodes() {
            return (int) command.lines().filter(line -> line.matches(".*&( *#.*)?")).count();
        }
    }

    private PageScript() {}

    static List<Step> steps(MarkdownPage page) {
        List<Step> steps = new ArrayList<>();
        for (MarkdownPage.Block block : page.blocks()) {
            if (!block.isShell() || block.reason() != null) {
                continue;
            }
            if (block.language().equals("console")) {
                steps.addAll(transcript(block));
            } else {
                steps.add(new Step(block.line(), String.join("\n", block.lines()), null));
            }
        }
        if (!steps.isEmpty()) {
            List<Step> given =
                    page.given().stream().map(command -> new Step(1, command, null)).toList();
            steps.addAll(0, given);
        }
        return steps;
    }

    private static List<Step> transcript(MarkdownPage.Block block) {
        List<Step> steps = new ArrayList<>();
        @Nullable String command = null;
        List<String> printed = new ArrayList<>();
        int at = 0;
        List<String> lines = new ArrayList<>(block.lines());
        lines.add("$ ");
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (!line.startsWith("$ ")) {
                printed.add(line);
                continue;
            }
            if (command != null) {
                steps.add(step(block.line() + at, command, List.copyOf(printed)));
            }
            at = i;
            command = line.substring(2);
            printed.clear();
        }
        return steps;
    }

    private static Step step(int line, String command, List<String> printed) {
        if (!command.matches("nc \\S+ \\d+")) {
            return new Step(line, command, command.matches(".*&( *#.*)?") ? null : printed);
        }
        String typed =
                printed.stream()
                        .filter(text -> TYPED.matcher(text).matches())
                        .map(text -> "'" + text.replace("'", "'\\''") + "'")
                        .collect(Collectors.joining(" "));
        return new Step(
                line,
                "printf '%s\\n' " + typed + " | " + command.replaceFirst("nc", "nc -N"),
                printed.stream().filter(text -> !TYPED.matcher(text).matches()).toList());
    }

    /** The script, which leaves what each step prints, and a file for each that failed. */
    static String of(List<Step> steps, Path results) {
        StringBuilder script =
                new StringBuilder(
                        """
                        set -E -o pipefail
                        results='%s' step=0
                        shopt -s expand_aliases
                        failed() { printf 'exit code %%s of %%s\\n' "$1" "$2" >>"$results/$step.failed"; }
                        started() {
                            for _ in {1..900}; do
                                [ "$(grep -c ' StartLog: Started ' "$results/$step.out")" -lt "$1" ] || return 0
                                sleep 0.1
                            done
                            failed none 'the start of a node'
                        }
                        """
                                .formatted(results));
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            script.append("step=").append(i).append('\n');
            script.append("echo \"$SECONDS s: line ").append(step.line()).append("\"\n");
            if (step.expected() == null) {
                script.append("trap 'failed $? \"$BASH_COMMAND\"' ERR\n");
            }
            script.append("{\n").append(step.command()).append("\n} >\"$results/");
            script.append(i).append(".out\" 2>&1\n");
            script.append("trap - ERR\n");
            if (step.nodes() > 0) {
                script.append("started ").append(step.nodes()).append('\n');
            }
            script.append("touch \"$results/").append(i).append(".done\"\n");
        }
        return script.toString();
    }

    /** What did not go as the page says. */
    static List<String> complaints(MarkdownPage page, List<Step> steps, Path results)
            throws IOException {
        List<String> complaints = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            String where = page.path() + ":" + step.line() + ": ";
            Path out = results.resolve(i + ".out");
            String printed = Files.exists(out) ? withoutShell(Files.readString(out)) : "";
            Path failed = results.resolve(i + ".failed");
            if (Files.exists(failed)) {
                complaints.add(where + Files.readString(failed) + printed);
            } else if (!Files.exists(results.resolve(i + ".done"))) {
                complaints.add(where + "was not reached, or ended the shell: " + printed);
            } else if (step.expected() != null && !isAsExpected(step.expected(), printed)) {
                complaints.add(
                        where
                                + step.command()
                                + "\nprinted\n"
                                + printed
                                + "and not\n"
                                + String.join("\n", step.expected()));
            }
        }
        return complaints;
    }

    /** Without what Bash says of the end of jobs. */
    private static String withoutShell(String printed) {
        return printed.replaceAll("(?m)^\\S+: line \\d+: +\\d+ (Killed|Terminated).*\n", "");
    }

    private static boolean isAsExpected(List<String> expected, String printed) {
        StringBuilder pattern = new StringBuilder();
        for (String line : expected) {
            if (line.equals("...")) {
                pattern.append("(?:.*\n)*?");
                continue;
            }
            String words =
                    Pattern.compile("\\.\\.\\.")
                            .splitAsStream(line + " ")
                            .map(PageScript::loosely)
                            .collect(Collectors.joining(".*"));
            pattern.append(words).append('\n');
        }
        String whole = printed.isEmpty() || printed.endsWith("\n") ? printed : printed + "\n";
        return Pattern.matches(pattern.toString(), whole);
    }

    /** The text, with any number of spaces where it has some. */
    private static String loosely(String text) {
        return Pattern.compile(" +")
                .splitAsStream(text)
                .map(Pattern::quote)
                .collect(Collectors.joining(" +", "", text.endsWith(" ") ? " *" : ""));
    }
}
