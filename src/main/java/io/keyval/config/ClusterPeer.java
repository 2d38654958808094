package io.keyval.config;

/**
 * A node of a cluster, as {@code keyval.cluster.peers} names it.
 *
 * @param id 1 or more
 * @param host where the other nodes reach it; an IPv6 address without brackets
 * @param port its port for the other nodes
 */
public record ClusterPeer(int id, String host, int port) {

    /**
     * Reads {@code id@host:port}.
     *
     * @throws InvalidSettingException if it is none
     */
    public static ClusterPeer of(String text) {
        String trimmed = text.strip();
        int at = trimmed.indexOf('@');
        int colon = trimmed.lastIndexOf(':');
        if (at > 0 && colon > at + 1) {
            String id = trimmed.substring(0, at);
            String host = trimmed.substring(at + 1, colon);
            String port = trimmed.substring(colon + 1);
            boolean bracketed = host.startsWith("[") && host.endsWith("]");
            if (id.matches("[1-9]\\d{0,8}")
                    && (bracketed ? host.length() > 2 : host.matches("[^\\s:@/\\[\\]]+"))
                    && port.matches("[1-9]\\d{0,4}")
                    && Integer.parseInt(port) <= 65535) {
                return new ClusterPeer(
                        Integer.parseInt(id),
                        bracketed ? host.substring(1, host.length() - 1) : host,
                        Integer.parseInt(port));
            }
        }
        throw new InvalidSettingException(
                "keyval.cluster.peers must name each node as id@host:port, such as 1@127.0.0.1:6001, but one is '%s'."
                        .formatted(trimmed));
    }

    /** Host and port together, an IPv6 address in brackets. */
    public String address() {
        return (host.contains(":") ? "[%s]:%d" : "%s:%d").formatted(host, port);
    }

    /** As the setting has it. */
    @Override
    public String toString() {
        return id + "@" + address();
    }
}
