package io.keyval;

import io.keyval.config.InvalidSettingException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The command line of a node, in Spring's terms.
 *
 * <p>The short options {@code --role}, {@code --id}, {@code --port}, {@code --leader_host} and
 * {@code --leader_port} take their value behind a space or an equals sign; everything else is a
 * setting {@code --name=value} and passes as it is. Nothing is ignored: a word that is neither is
 * refused, and so is a setting of keyval that is given twice.
 *
 * @param settings the arguments for Spring
 * @param defaults what holds where nothing else is set. A follower, or a node of a cluster, that is
 *     started by the short options gets an HTTP port and a data directory by its id, so that the
 *     same few words start several nodes side by side on one machine.
 */
record Arguments(List<String> settings, Map<String, Object> defaults) {

    private static final List<String> ROLES = List.of("leader", "follower", "cluster");

    private static final Map<String, String> SHORT =
            Map.of(
                    "--role", "spring.profiles.active",
                    "--id", "keyval.id",
                    "--port", "keyval.port",
                    "--leader_host", "keyval.leader-host",
                    "--leader_port", "keyval.leader-port");

    /**
     * Translates a command line.
     *
     * @throws InvalidSettingException if a word of it means nothing, or a setting is given twice
     */
    static Arguments parse(String... args) {
        List<String> settings = new ArrayList<>();
        Map<String, String> given = new HashMap<>();
        Map<String, String> optionOf = new HashMap<>();
        for (int i = 0; i < args.length; i++) {
            String argument = args[i];
            int equals = argument.indexOf('=');
            String option = equals < 0 ? argument : argument.substring(0, equals);
            @Nullable String setting = SHORT.get(option);
            if (setting == null) {
                settings.add(known(argument, option));
                onlyOnce(optionOf, option.substring(2), option);
                continue;
            }
            String value;
            if (equals >= 0) {
                value = argument.substring(equals + 1);
            } else if (i + 1 < args.length && !args[i + 1].startsWith("--")) {
                value = args[++i];
            } else {
                value = "";
            }
            if (value.isBlank()) {
                throw new InvalidSettingException(
                        "%s needs a value, such as %s %s."
                                .formatted(option, option, example(option)));
            }
            if (given.putIfAbsent(option, value) != null) {
                throw twice(option);
            }
            onlyOnce(optionOf, setting, option);
            if (option.equals("--role") && !ROLES.contains(value)) {
                throw new InvalidSettingException(
                        "--role must be leader, follower or cluster, but is '%s'."
                                .formatted(value));
            }
            settings.add("--" + setting + "=" + value);
        }
        return new Arguments(List.copyOf(settings), sideBySide(given));
    }

    /** Spring would make a list of the values of a setting that is given twice. */
    private static void onlyOnce(Map<String, String> optionOf, String setting, String option) {
        String name = setting.replace("-", "").toLowerCase(Locale.ROOT);
        if (!name.startsWith("keyval.")) {
            return;
        }
        String other = optionOf.putIfAbsent(name, option);
        if (other != null) {
            throw other.equals(option)
                    ? twice(option)
                    : new InvalidSettingException(
                            "%s and %s are the same setting; give it once."
                                    .formatted(other, option));
        }
    }

    private static InvalidSettingException twice(String option) {
        return new InvalidSettingException(option + " is given twice; give it once.");
    }

    private static Map<String, Object> sideBySide(Map<String, String> given) {
        String id = given.getOrDefault("--id", "");
        String role = given.getOrDefault("--role", "leader");
        if (role.equals("leader") || !id.matches("[1-9]\\d{0,4}")) {
            return Map.of();
        }
        int port = 8079 + Integer.parseInt(id);
        return Map.of(
                "management.server.port",
                port <= 65535 ? port : 0,
                "keyval.data-dir",
                "data/" + role + "_" + id);
    }

    private static String known(String argument, String option) {
        if (!argument.startsWith("--")) {
            throw new InvalidSettingException(
                    "The argument '%s' means nothing here; settings are written --name=value."
                            .formatted(argument));
        }
        boolean ofSpring = option.contains(".") || option.equals("--debug");
        if (!ofSpring && !option.equals("--trace")) {
            throw new InvalidSettingException(
                    "There is no option %s; --help lists the options.".formatted(option));
        }
        return argument;
    }

    private static String example(String option) {
        return switch (option) {
            case "--role" -> "follower";
            case "--id" -> "2";
            case "--port" -> "5001";
            case "--leader_host" -> "127.0.0.1";
            default -> "5000";
        };
    }
}
