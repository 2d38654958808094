package io.keyval.it;

/**
 * A network namespace for each of several nodes, in a network namespace of this process's own that
 * is connected to each of them and routes between them, so that links between nodes can be cut one
 * by one. Takes root.
 */
final class NodeNetworks {

    private NodeNetworks() {}

    /** Makes the networks of nodes 1 to {@code count}. */
    static void create(int count) {
        run("mkdir", "-p", "/run/netns");
        run("mount", "-t", "tmpfs", "tmpfs", "/run/netns");
        run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1");
        for (int node = 1; node <= count; node++) {
            String link = "node" + node;
            run("ip", "netns", "add", link);
            run("ip link add " + link + " type veth peer name eth0 netns " + link);
            run("ip address add " + router(node) + "/24 dev " + link);
            run("ip link set " + link + " up");
            inside(node, "ip link set lo up");
            inside(node, "ip address add " + address(node) + "/24 dev eth0");
            inside(node, "ip link set eth0 up");
            inside(node, "ip route add default via " + router(node));
        }
    }

    /** The address of a node. */
    static String address(int node) {
        return "10.0." + node + ".2";
    }

    /** The address of this process to a node: where its clients come from. */
    static String router(int node) {
        return "10.0." + node + ".1";
    }

    /** The command that runs what follows it in the network of a node. */
    static String[] launcher(int node) {
        return new String[] {"ip", "netns", "exec", "node" + node};
    }

    private static void inside(int node, String command) {
        run(String.join(" ", launcher(node)) + " " + command);
    }

    private static void run(String command) {
        run(command.split(" "));
    }

    private static void run(String... command) {
        Firewall.run("", command);
    }
}
