package io.keyval.it;

import io.keyval.it.history.Operation;
import io.keyval.it.history.Operation.Call;
import io.keyval.it.history.Operation.Outcome;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Clients that put, get and delete the same few keys at any of several nodes, and write down what
 * they were told, and when.
 *
 * <p>Each value is written once. A client that is not answered in time, or by ERROR, or loses its
 * connection, notes that what it sent may have happened, and goes on at another node; so it does
 * now and then without a reason. Half of the clients are less patient than the nodes are.
 */
final class RecordingClients {

    private record Command(Call call, String key, String value) {

        String line() {
            return switch (call) {
                case PUT -> "PUT " + key + " " + padded(value) + "\n";
                case GET -> "GET " + key + "\n";
                case DELETE -> "DELETE " + key + "\n";
            };
        }
    }

    private static final int CONNECT_MILLIS = 1_000;
    private static final int IMPATIENT_MILLIS = 1_500;
    private static final int PATIENT_MILLIS = 12_000;
    private static final int TOGETHER = 5;
    private static final int LARGEST_PADDING = 2_000;
    private static final int STAY = 50;
    private static final long PAUSE_NANOS = 8_000_000;
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    private final List<InetSocketAddress> nodes;
    private final Queue<Operation> history = new ConcurrentLinkedQueue<>();
    private final Queue<String> surprises = new ConcurrentLinkedQueue<>();
    private final AtomicInteger clients = new AtomicInteger();
    private final AtomicInteger values = new AtomicInteger();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong unanswered = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopping;

    /**
     * @param nodes where clients find the nodes
     */
    RecordingClients(List<InetSocketAddress> nodes) {
        this.nodes = nodes;
    }

    /** Starts so many clients on these keys. */
    void start(int count, List<String> keys, long seed) {
        stopping = false;
        for (int i = 0; i < count; i++) {
            int client = clients.incrementAndGet();
            Random random = new Random(seed + client * SPREAD);
            int timeout = i % 2 == 0 ? IMPATIENT_MILLIS : PATIENT_MILLIS;
            threads.add(Thread.ofVirtual().start(() -> run(client, keys, random, timeout)));
        }
    }

    /** Ends all clients behind what they wait for. */
    void stop() throws InterruptedException {
        stopping = true;
        for (Thread thread : threads) {
            thread.join();
        }
        threads.clear();
    }

    /** What happened since this was asked before; to be called when all clients have ended. */
    List<Operation> takeHistory() {
        List<Operation> taken = new ArrayList<>(history);
        history.clear();
        return taken;
    }

    /** Replies that no node gives. */
    List<String> surprises() {
        return List.copyOf(surprises);
    }

    /** How many writes were acknowledged so far. */
    long acknowledged() {
        return acknowledged.get();
    }

    /** How many operations have an unknown outcome so far. */
    long unanswered() {
        return unanswered.get();
    }

    private void run(int client, List<String> keys, Random random, int timeout) {
        int node = random.nextInt(nodes.size());
        while (!stopping) {
            try (Socket socket = connect(nodes.get(node), timeout)) {
                InputStream in = new BufferedInputStream(socket.getInputStream());
                if (!"HELLO SERVER".equals(ask(socket, in, "HELLO CLIENT\n"))) {
                    throw new IOException("no HELLO");
                }
                boolean content = true;
                while (content && !stopping && random.nextInt(STAY) > 0) {
                    LockSupport.parkNanos((long) (random.nextDouble() * PAUSE_NANOS));
                    content = exchange(client, socket, in, commands(keys, random));
                }
            } catch (IOException e) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            node = (node + 1 + random.nextInt(nodes.size())) % nodes.size();
        }
    }

    /**
     * Reads each key once at a node, patiently.
     *
     * @throws IOException if it cannot be read there
     */
    void readAll(int node, List<String> keys) throws IOException {
        int client = clients.incrementAndGet();
        try (Socket socket = connect(nodes.get(node), PATIENT_MILLIS)) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            ask(socket, in, "HELLO CLIENT\n");
            for (String key : keys) {
                if (!exchange(client, socket, in, List.of(new Command(Call.GET, key, "")))) {
                    throw new IOException("GET " + key + " was not answered by " + nodes.get(node));
                }
            }
        }
    }

    private static Socket connect(InetSocketAddress address, int timeout) throws IOException {
        Socket socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(timeout);
            socket.connect(address, CONNECT_MILLIS);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private static @Nullable String ask(Socket socket, InputStream in, String line)
            throws IOException {
        socket.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
        return read(in);
    }

    private List<Command> commands(List<String> keys, Random random) {
        int count = random.nextInt(3) == 0 ? 1 + random.nextInt(TOGETHER) : 1;
        List<Command> commands = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String key = keys.get(random.nextInt(keys.size()));
            int choice = random.nextInt(10);
            if (choice < 4) {
                int number = values.incrementAndGet();
                int padding = random.nextInt(20) == 0 ? random.nextInt(LARGEST_PADDING) : 8;
                commands.add(new Command(Call.PUT, key, number + ":" + padding));
            } else {
                commands.add(new Command(choice < 9 ? Call.GET : Call.DELETE, key, ""));
            }
        }
        return commands;
    }

    /** What is really written: as long as the value says. */
    private static String padded(String value) {
        int padding = Integer.parseInt(value.substring(value.indexOf(':') + 1));
        return value + "x".repeat(padding);
    }

    /** The value of which this is the padded form; if there is none, what was never written. */
    private static String stripped(String reply) {
        int end = reply.indexOf('x');
        String value = end < 0 ? reply : reply.substring(0, end);
        boolean whole = value.matches("\\d+:\\d{1,4}") && reply.equals(padded(value));
        return whole ? value : "damaged:" + reply.replace(' ', '_');
    }

    /**
     * Sends commands together and writes down what comes back.
     *
     * @return whether all were answered, and none by an error
     */
    private boolean exchange(int client, Socket socket, InputStream in, List<Command> commands) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        commands.forEach(
                command -> bytes.writeBytes(command.line().getBytes(StandardCharsets.UTF_8)));
        long called = System.nanoTime();
        int place = 0;
        boolean content = true;
        try {
            socket.getOutputStream().write(bytes.toByteArray());
            for (; place < commands.size(); place++) {
                String reply = read(in);
                if (reply == null) {
                    break;
                }
                long returned = System.nanoTime();
                content &= record(client, commands.get(place), called, place, reply, returned);
            }
        } catch (IOException e) {
            // What was not answered is of unknown outcome.
        }
        for (int i = place; i < commands.size(); i++) {
            unknown(client, commands.get(i), called, i);
        }
        return content && place == commands.size();
    }

    private boolean record(
            int client, Command command, long called, int place, String reply, long returned) {
        if (reply.equals("WRITE_NOT_ALLOWED") && command.call() != Call.GET) {
            return false;
        }
        if (reply.equals("ERROR")) {
            unknown(client, command, called, place);
            return false;
        }
        boolean get = command.call() == Call.GET;
        boolean missing = command.call() == Call.DELETE && reply.equals("NOT_FOUND");
        if (!get && !missing && !reply.equals("OK")) {
            surprises.add("%s of client %d was answered by %s".formatted(command, client, reply));
            unknown(client, command, called, place);
            return false;
        }
        if (!get) {
            acknowledged.incrementAndGet();
        }
        String value = get && !reply.isEmpty() ? stripped(reply) : command.value();
        history.add(
                new Operation(
                        client,
                        command.key(),
                        command.call(),
                        value,
                        missing ? Outcome.NOT_FOUND : Outcome.OK,
                        called,
                        place,
                        returned));
        return true;
    }

    private void unknown(int client, Command command, long called, int place) {
        unanswered.incrementAndGet();
        history.add(
                new Operation(
                        client,
                        command.key(),
                        command.call(),
                        command.value(),
                        Outcome.UNKNOWN,
                        called,
                        place,
                        Long.MAX_VALUE));
    }

    private static @Nullable String read(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                return null;
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.UTF_8);
    }
}
