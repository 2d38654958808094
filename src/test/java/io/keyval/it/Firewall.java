package io.keyval.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The links between addresses of this process's network namespace, or between others that it routes
 * for. Takes root. Thread-safe.
 */
final class Firewall {

    private final List<String> rules = new ArrayList<>();

    /** Loses every packet between the two. */
    void cut(String one, String other) {
        drop(one, other);
        drop(other, one);
    }

    /** Loses every packet on the way from the one to the other, and none on the way back. */
    void drop(String from, String to) {
        add("ip saddr %s ip daddr %s drop".formatted(from, to));
    }

    /** Loses so many of a hundred packets between the two, by chance. */
    void lose(int percent, String one, String other) {
        add(chance(one, other, percent));
        add(chance(other, one, percent));
    }

    private static String chance(String from, String to, int percent) {
        return "ip saddr %s ip daddr %s numgen random mod 100 < %d drop"
                .formatted(from, to, percent);
    }

    /** Breaks every connection between the two. */
    void reset(String one, String other) {
        add("ip saddr %s ip daddr %s meta l4proto tcp reject with tcp reset".formatted(one, other));
    }

    private synchronized void add(String rule) {
        rules.add("add rule inet faults in " + rule);
        rules.add("add rule inet faults through " + rule);
        apply();
    }

    /** Loses nothing any more. */
    synchronized void heal() {
        rules.clear();
        apply();
    }

    private void apply() {
        run(
                "flush ruleset\nadd table inet faults\n"
                        + "add chain inet faults in { type filter hook input priority 0; }\n"
                        + "add chain inet faults through { type filter hook forward priority 0; }\n"
                        + String.join("\n", rules)
                        + "\n",
                "nft",
                "-f",
                "-");
    }

    /** Lets no more than about so much through in all, between anybody. */
    void throttle(String rate) {
        run(
                "", "tc", "qdisc", "replace", "dev", "lo", "root", "tbf", "rate", rate, "burst",
                "128kb", "latency", "400ms");
    }

    /** Lets everything through at once. */
    void unthrottle() {
        run("", "tc", "qdisc", "replace", "dev", "lo", "root", "noqueue");
    }

    static void run(String input, String... command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + said + input);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
