package io.keyval.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The rules that go across settings: which role a node has, and what that role needs. */
public final class SettingsCheck {

    private static final List<String> ROLES = List.of("leader", "follower", "cluster");

    private SettingsCheck() {}

    /**
     * The one role among the profiles of a node.
     *
     * @return {@code leader} or {@code follower}
     * @throws InvalidSettingException if there is none, more than one, or one that is not available
     */
    public static String role(Collection<String> profiles) {
        List<String> roles = new ArrayList<>(ROLES);
        roles.retainAll(profiles);
        if (roles.isEmpty()) {
            throw new InvalidSettingException(
                    "spring.profiles.active must name the role, leader or follower, but is '%s'."
                            .formatted(String.join(",", profiles)));
        }
        if (roles.size() > 1) {
            throw new InvalidSettingException(
                    "A node has one role, but %s were set; set only one of them."
                            .formatted(String.join(" and ", roles)));
        }
        if (roles.contains("cluster")) {
            throw new InvalidSettingException(
                    "The profile cluster is not available in this version; use leader or follower.");
        }
        return roles.getFirst();
    }

    /**
     * Checks what the role needs.
     *
     * @param role as {@link #role} has it
     * @throws InvalidSettingException if a node of this role cannot run with these settings
     */
    public static void check(String role, KeyvalProperties properties) {
        Integer id = properties.id();
        if (role.equals("leader")) {
            if (id != null && id != 1) {
                throw new InvalidSettingException(
                        "keyval.id must be 1 on a leader, but is %d; leave it out there."
                                .formatted(id));
            }
            return;
        }
        if (id == null) {
            throw new InvalidSettingException(
                    "A follower needs an id of its own: set keyval.id (or --id) to 2 or more.");
        }
        if (id == 1) {
            throw new InvalidSettingException(
                    "keyval.id 1 is the leader's: set keyval.id (or --id) of this follower to 2 or more.");
        }
        if (properties.secret() == null) {
            throw new InvalidSettingException(
                    "A follower needs the leader's secret: set KEYVAL_SECRET in the environment (or keyval.secret) to the same text as on the leader.");
        }
    }
}
