package io.keyval.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Ports that nobody listens at, below those that systems give to connections and to servers that
 * ask for any. So a port stays free until the test takes it, and while a node is restarted,
 * whatever other tests run beside. For any thread.
 */
public final class FreePorts {

    private static final int FIRST = 10_000;
    private static final int PER_PROCESS = 5_000;
    private static final int PROCESSES = 4;

    /** Processes of tests that run side by side take from ranges of their own. */
    private static final int START =
            FIRST + Integer.getInteger("keyval.fork", 0) % PROCESSES * PER_PROCESS;

    private static final AtomicInteger NEXT =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(PER_PROCESS));

    private FreePorts() {}

    /** A port that was free a moment ago, and was not one of the thousands given last here. */
    public static int one() {
        while (true) {
            int port = START + Math.floorMod(NEXT.getAndIncrement(), PER_PROCESS);
            if (isFree(port)) {
                return port;
            }
        }
    }

    /** So many ports, each another, that were free a moment ago. */
    public static List<Integer> some(int count) {
        return Stream.generate(FreePorts::one).distinct().limit(count).toList();
    }

    private static boolean isFree(int port) {
        ServerSocket socket;
        try {
            socket = new ServerSocket(port);
        } catch (IOException e) {
            return false;
        }
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return true;
    }
}
