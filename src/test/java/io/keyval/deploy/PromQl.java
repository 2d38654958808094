package io.keyval.deploy;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** As much of Prometheus's query language as it takes to see which metrics an expression reads. */
final class PromQl {

    private static final Pattern TEXT = Pattern.compile("\"[^\"]*\"|'[^']*'");

    /** What holds words that are no metrics: selectors of labels, ranges, lists of labels. */
    private static final Pattern ASIDE =
            Pattern.compile(
                    "\\{[^}]*}|\\[[^]]*]|\\b(by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)");

    private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*(?!\\s*\\()\\b");
    private static final Set<String> RESERVED =
            Set.of("and", "or", "unless", "bool", "offset", "atan2", "Inf", "NaN");

    private PromQl() {}

    /** The names of the metrics that the expression reads. */
    static Set<String> metrics(String expression) {
        String bare = ASIDE.matcher(TEXT.matcher(expression).replaceAll("")).replaceAll(" ");
        Set<String> names = new TreeSet<>();
        for (Matcher name = NAME.matcher(bare); name.find(); ) {
            if (name.start() == 0 || !isPartOfNumber(bare.charAt(name.start() - 1))) {
                names.add(name.group());
            }
        }
        names.removeAll(RESERVED);
        return names;
    }

    private static boolean isPartOfNumber(char before) {
        return Character.isDigit(before) || before == '.';
    }
}
