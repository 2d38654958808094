package io.keyval.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Nodes as a table, and below it what there is to say of them. */
final class StatusTable {

    private static final List<String> HEAD =
            List.of("ROLE", "ID", "ADDRESS", "POSITION", "LAG", "KEYS", "HEALTH");
    private static final Set<Integer> NUMBERS = Set.of(1, 3, 5);
    private static final int HEALTH = HEAD.size() - 1;

    private StatusTable() {}

    static List<String> lines(List<NodeStatus> all, Paint paint) {
        List<List<String>> rows = all.stream().map(StatusTable::cells).toList();
        int[] widths = HEAD.stream().mapToInt(String::length).toArray();
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        List<String> lines = new ArrayList<>();
        lines.add(paint.strong(line(HEAD, widths) + HEAD.get(HEALTH)));
        for (int i = 0; i < rows.size(); i++) {
            String health = rows.get(i).get(HEALTH);
            lines.add(
                    line(rows.get(i), widths)
                            + switch (all.get(i).wellness()) {
                                case WELL -> paint.good(health);
                                case NOT_WELL -> paint.doubtful(health);
                                case UNREACHABLE -> paint.bad(health);
                            });
        }
        List<String> shards = RaftNodes.shards(all);
        if (!shards.isEmpty()) {
            lines.add("");
            lines.add(paint.strong(shards.getFirst()));
            lines.addAll(shards.subList(1, shards.size()));
        }
        Set<String> notes = new LinkedHashSet<>();
        for (NodeStatus status : all) {
            if (status.note() != null) {
                String note = Text.printable(status.note());
                notes.add(
                        status.keys() == null
                                ? note
                                : "%s %d: %s".formatted(status.role(), status.id(), note));
            }
        }
        if (!notes.isEmpty()) {
            lines.add("");
            lines.addAll(notes);
        }
        return lines;
    }

    private static List<String> cells(NodeStatus status) {
        return List.of(
                Text.printable(status.role()),
                status.id() == 0 ? "-" : String.valueOf(status.id()),
                Text.printable(status.address()),
                text(status.position()),
                status.lag() == null ? "-" : status.lag().toString(),
                text(status.keys()),
                Text.printable(status.health()));
    }

    private static String text(@Nullable Long number) {
        return Objects.toString(number, "-");
    }

    /** All cells but the last, with the space before it. */
    private static String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < HEALTH; i++) {
            String padding = " ".repeat(widths[i] - cells.get(i).length());
            line.append(NUMBERS.contains(i) ? padding + cells.get(i) : cells.get(i) + padding);
            line.append("  ");
        }
        return line.toString();
    }
}
